-- What each role may do at all; the policies narrow it to rows. First nothing, so that the list below is the whole list.

revoke all on
  customers, staff, addresses, categories, products, product_variants, variant_costs, collections, collection_products,
  wishlist_items, reviews, carts, cart_items, orders, order_items, payments, product_overview, order_overview
  from anon, authenticated;

-- Visitors read the catalog …
grant select on categories, products, product_variants, collections, collection_products, product_overview to anon;
-- … and the reviews, but not who wrote them.
grant select (id, product_id, author_name, rating, title, body, verified, approved, created_at) on reviews to anon;
-- They may order, and read nothing of it back.
grant insert (id) on carts to anon;
grant insert (cart_id, variant_id, quantity) on cart_items to anon;
grant insert (id, cart_id, guest_email, shipping_method, shipping_cost, subtotal, delivery, note) on orders to anon;
grant insert (order_id, variant_id, title, quantity, unit_price) on order_items to anon;

-- The catalog is changed by staff, who are told from customers by the policies.
grant select, insert, update, delete
  on categories, products, product_variants, variant_costs, collections, collection_products to authenticated;
grant select on product_overview, order_overview, staff to authenticated;

grant select, insert on customers to authenticated;
grant update (email, full_name, phone, born_on, newsletter) on customers to authenticated;
grant select, insert, update, delete on addresses, wishlist_items to authenticated;

grant select, insert, delete on reviews to authenticated;
grant update (rating, title, body, approved) on reviews to authenticated;

grant select, insert, delete on carts to authenticated;
grant select, insert, delete on cart_items to authenticated;
-- An upsert sets every column that it is sent, the key included; the policy keeps the cart the same or another open one.
grant update (cart_id, variant_id, quantity) on cart_items to authenticated;
grant select on orders, order_items, payments to authenticated;
grant insert (
  id, customer_id, cart_id, shipping_method, shipping_cost, subtotal, delivery, shipping_address_id, billing_address_id, note
) on orders to authenticated;
grant update (status, note) on orders to authenticated;
grant insert (order_id, variant_id, title, quantity, unit_price) on order_items to authenticated;
grant insert (order_id, method, amount, reference, details) on payments to authenticated;
grant update (status) on payments to authenticated;
