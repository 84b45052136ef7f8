-- Foreign keys that are followed, orders that are asked for, and rules that only an index can keep.

create unique index customers_email_key on customers (lower(email));
create unique index addresses_one_default_key on addresses (customer_id) where is_default;

create index categories_parent_idx on categories (parent_id, position);
create index products_category_idx on products (category_id, name) where published;
create index products_newest_idx on products (created_at desc, id desc);
create index product_variants_product_idx on product_variants (product_id, position);
create index product_variants_sold_out_idx on product_variants (product_id) where stock = 0;
create index collection_products_product_idx on collection_products (product_id);
create index wishlist_items_product_idx on wishlist_items (product_id);
create index reviews_product_idx on reviews (product_id, created_at desc);
create index reviews_customer_idx on reviews (customer_id);

create index carts_customer_idx on carts (customer_id, created_at desc);
create index cart_items_variant_idx on cart_items (variant_id);
create index orders_customer_idx on orders (customer_id, placed_at desc);
create index orders_open_idx on orders (placed_at) where status in ('pending', 'paid', 'packed');
create index order_items_variant_idx on order_items (variant_id);
create index payments_order_idx on payments (order_id);
