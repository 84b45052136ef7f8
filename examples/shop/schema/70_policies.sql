-- Who may see and change which rows. Three kinds of people come here:
--   visitors   the role anon
--   customers  the role authenticated, known by auth.uid()
--   staff      the role authenticated too, with a row in the table staff

alter table customers enable row level security;
alter table staff enable row level security;
alter table addresses enable row level security;
alter table categories enable row level security;
alter table products enable row level security;
alter table product_variants enable row level security;
alter table variant_costs enable row level security;
alter table collections enable row level security;
alter table collection_products enable row level security;
alter table wishlist_items enable row level security;
alter table reviews enable row level security;
alter table carts enable row level security;
alter table cart_items enable row level security;
alter table orders enable row level security;
alter table order_items enable row level security;
alter table payments enable row level security;

-- The catalog: everyone sees what is published, staff see and change all of it.

create policy "published categories are public" on categories
  for select to anon, authenticated using (published);
create policy "staff manage categories" on categories
  for all to authenticated using (is_staff()) with check (is_staff());

create policy "published products are public" on products
  for select to anon, authenticated using (published);
create policy "staff manage products" on products
  for all to authenticated using (is_staff()) with check (is_staff());

create policy "variants of published products are public" on product_variants
  for select to anon, authenticated
  using (active and exists (select 1 from products p where p.id = product_id and p.published));
create policy "staff manage variants" on product_variants
  for all to authenticated using (is_staff()) with check (is_staff());

create policy "staff manage costs" on variant_costs
  for all to authenticated using (is_staff()) with check (is_staff());

create policy "published collections are public" on collections
  for select to anon, authenticated using (published);
create policy "staff manage collections" on collections
  for all to authenticated using (is_staff()) with check (is_staff());

-- The subqueries run with the caller's rights: a collection or a product that is hidden hides its membership.
create policy "memberships follow both sides" on collection_products
  for select to anon, authenticated
  using (
    exists (select 1 from collections c where c.id = collection_id)
    and exists (select 1 from products p where p.id = product_id)
  );
create policy "staff manage memberships" on collection_products
  for all to authenticated using (is_staff()) with check (is_staff());

-- Reviews: approved ones of visible products are public; the author always sees his own.

create policy "approved reviews are public" on reviews
  for select to anon, authenticated
  using (approved and exists (select 1 from products p where p.id = product_id));
create policy "authors see their reviews" on reviews
  for select to authenticated using (customer_id = auth.uid());
create policy "customers write reviews" on reviews
  for insert to authenticated
  with check (customer_id = auth.uid() and approved and verified = has_bought(product_id));
create policy "authors edit their reviews" on reviews
  for update to authenticated
  using (customer_id = auth.uid() and approved)
  with check (customer_id = auth.uid() and approved and verified = has_bought(product_id));
create policy "authors delete their reviews" on reviews
  for delete to authenticated using (customer_id = auth.uid());
create policy "staff moderate reviews" on reviews
  for all to authenticated using (is_staff()) with check (is_staff());

-- People.

create policy "customers see themselves" on customers
  for select to authenticated using (id = auth.uid());
create policy "customers sign up" on customers
  for insert to authenticated with check (id = auth.uid() and loyalty_points = 0);
create policy "customers change themselves" on customers
  for update to authenticated using (id = auth.uid()) with check (id = auth.uid());
create policy "staff see customers" on customers
  for select to authenticated using (is_staff());

create policy "staff see staff" on staff
  for select to authenticated using (is_staff());

create policy "customers manage their addresses" on addresses
  for all to authenticated using (customer_id = auth.uid()) with check (customer_id = auth.uid());
create policy "staff see addresses" on addresses
  for select to authenticated using (is_staff());

create policy "customers manage their wishlist" on wishlist_items
  for all to authenticated
  using (customer_id = auth.uid())
  with check (customer_id = auth.uid() and exists (select 1 from products p where p.id = product_id));

-- Carts: filled by their owner, frozen by the order. A visitor may fill a cart but read none.

create policy "anyone opens a cart of his own" on carts
  for insert to anon, authenticated with check (customer_id is not distinct from auth.uid());
create policy "customers see their carts" on carts
  for select to authenticated using (customer_id = auth.uid());
create policy "customers drop their open carts" on carts
  for delete to authenticated using (customer_id = auth.uid() and cart_is_open(id));
create policy "staff see carts" on carts
  for select to authenticated using (is_staff());

create policy "anyone fills his open cart with what is for sale" on cart_items
  for insert to anon, authenticated
  with check (cart_is_open(cart_id) and exists (select 1 from product_variants v where v.id = variant_id));
create policy "customers see their cart" on cart_items
  for select to authenticated
  using (exists (select 1 from carts c where c.id = cart_id and c.customer_id = auth.uid()));
create policy "customers change their open cart" on cart_items
  for update to authenticated using (cart_is_open(cart_id)) with check (cart_is_open(cart_id));
create policy "customers empty their open cart" on cart_items
  for delete to authenticated using (cart_is_open(cart_id));
create policy "staff see cart items" on cart_items
  for select to authenticated using (is_staff());

-- Orders: placed from an open cart, for exactly its price.

create policy "anyone orders his open cart" on orders
  for insert to anon, authenticated
  with check (
    customer_id is not distinct from auth.uid()
    and status = 'pending'
    and subtotal > 0
    and cart_is_open(cart_id)
    and subtotal = cart_subtotal(cart_id)
  );
create policy "customers see their orders" on orders
  for select to authenticated using (customer_id = auth.uid());
create policy "customers cancel what is still pending" on orders
  for update to authenticated
  using (customer_id = auth.uid() and status = 'pending')
  with check (customer_id = auth.uid() and status in ('pending', 'cancelled'));
create policy "staff see orders" on orders
  for select to authenticated using (is_staff());
create policy "staff work on orders" on orders
  for update to authenticated using (is_staff()) with check (is_staff());
create policy "refunded orders are closed" on orders
  as restrictive for update to authenticated using (status <> 'refunded');

-- What belongs to an order is seen by whoever sees the order.

create policy "items follow their order" on order_items
  for select to authenticated using (exists (select 1 from orders o where o.id = order_id));
create policy "items repeat the ordered cart" on order_items
  for insert to anon, authenticated
  with check (may_add_order_item(order_id, variant_id, title, quantity, unit_price));

create policy "payments follow their order" on payments
  for select to authenticated using (exists (select 1 from orders o where o.id = order_id));
create policy "customers pay their orders in full" on payments
  for insert to authenticated
  with check (
    status = 'authorized'
    and exists (
      select 1 from orders o
      where o.id = order_id and o.customer_id = auth.uid() and o.status = 'pending' and o.total = amount
    )
  );
create policy "staff settle payments" on payments
  for update to authenticated using (is_staff()) with check (is_staff());
