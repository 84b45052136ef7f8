-- Questions with a name: some serve the policies, some are called over /rpc.

-- SECURITY DEFINER: looks into the staff table although the caller may not.
create function is_staff() returns boolean
  language sql stable security definer
  as $$ select exists (select 1 from staff s where s.id = auth.uid()) $$;

-- Has the signed-in customer bought this product? Cancelled orders do not count.
create function has_bought(of_product bigint) returns boolean
  language sql stable security definer
  as $$
    select exists (
      select 1
      from order_items i
      join orders o on o.id = i.order_id
      join product_variants v on v.id = i.variant_id
      where v.product_id = of_product
        and o.customer_id = auth.uid()
        and o.status in ('paid', 'packed', 'shipped', 'delivered')
    )
  $$;

-- A cart may be changed by its owner until it is ordered. A guest's cart has no owner: its unguessable id is the key to it.
create function cart_is_open(of_cart uuid) returns boolean
  language sql stable security definer
  as $$
    select exists (select 1 from carts c where c.id = of_cart and c.customer_id is not distinct from auth.uid())
       and not exists (select 1 from orders o where o.cart_id = of_cart)
  $$;

create function cart_subtotal(of_cart uuid) returns numeric
  language sql stable security definer
  as $$
    select coalesce(sum(v.price * i.quantity), 0.00)
    from cart_items i
    join product_variants v on v.id = i.variant_id
    where i.cart_id = of_cart
  $$;

-- A line of an order must repeat a line of the ordered cart, at today's price and under the product's real name.
create function may_add_order_item(of_order uuid, of_variant bigint, item_title text, item_quantity integer, item_price numeric)
  returns boolean
  language sql stable security definer
  as $$
    select exists (
      select 1
      from orders o
      join cart_items c on c.cart_id = o.cart_id
      join product_variants v on v.id = c.variant_id
      join products p on p.id = v.product_id
      where o.id = of_order
        and o.customer_id is not distinct from auth.uid()
        and o.status = 'pending'
        and c.variant_id = of_variant
        and c.quantity = item_quantity
        and v.price = item_price
        and p.name || ', ' || v.name = item_title
    )
  $$;

create function search_products(term text) returns setof products
  language sql stable
  as $$
    select p.*
    from products p
    where strpos(p.search_text, lower(term)) > 0 or lower(term) = any (p.tags)
    order by p.name, p.id
  $$;

-- Runs with the caller's rights: null for an order that the caller may not see.
create function order_total(of_order uuid) returns numeric
  language sql stable
  as $$ select o.total from orders o where o.id = of_order $$;

-- What sells best is public; who bought it is not, so this looks through the policies and returns sums only.
create function best_sellers(since timestamptz default '2000-01-01 00:00:00+00', n integer default 10)
  returns table (product_id bigint, name text, units bigint)
  language sql stable security definer
  as $$
    select p.id, p.name, sum(i.quantity)
    from order_items i
    join orders o on o.id = i.order_id
    join product_variants v on v.id = i.variant_id
    join products p on p.id = v.product_id
    where o.placed_at >= since
      and o.status not in ('cancelled', 'refunded')
      and p.published
    group by p.id, p.name
    order by sum(i.quantity) desc, p.id
    limit n
  $$;

-- A guest has no account to see orders with: whoever knows the id of a guest's order may see how it is doing.
create function guest_order(of_order uuid)
  returns table (number bigint, status order_status, total numeric, placed_at timestamptz)
  language sql stable security definer
  as $$
    select o.number, o.status, o.total, o.placed_at
    from orders o
    where o.id = of_order and o.customer_id is null
  $$;
