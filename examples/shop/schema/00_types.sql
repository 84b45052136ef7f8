-- The words this shop uses, as types: a column can hold nothing else.

create type order_status as enum
  ('pending', 'paid', 'packed', 'shipped', 'delivered', 'cancelled', 'refunded');

create type shipping_method as enum ('standard', 'express', 'pickup');

create type payment_method as enum ('card', 'transfer', 'wallet');

create type payment_status as enum ('authorized', 'captured', 'failed', 'refunded');

create type staff_role as enum ('support', 'warehouse', 'manager');

create domain email_address as text
  check (value like '%_@_%._%' and length(value) <= 254);

create domain country_code as varchar(2)
  check (length(value) = 2 and value = upper(value));
