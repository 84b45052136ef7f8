-- One row per published product, ready for a grid. It runs with its owner's rights (security_invoker is not set), so the
-- sums may include rows the caller cannot read one by one; its WHERE clause is what keeps unpublished products out.
create view product_overview as
  select
    p.id,
    p.category_id,
    p.slug,
    p.name,
    p.brand,
    p.summary,
    p.tags,
    p.search_text,
    p.created_at,
    (select min(v.price) from product_variants v where v.product_id = p.id and v.active) as price_from,
    (select max(v.price) from product_variants v where v.product_id = p.id and v.active) as price_to,
    (select coalesce(sum(v.stock), 0) from product_variants v where v.product_id = p.id and v.active) as in_stock,
    (select count(*) from reviews r where r.product_id = p.id and r.approved) as review_count,
    (select round(avg(r.rating), 2) from reviews r where r.product_id = p.id and r.approved) as rating
  from products p
  where p.published;

-- Orders with their sums, for whoever asks: the caller's own policies apply to every table in it.
create view order_overview with (security_invoker = true) as
  select
    o.id,
    o.number,
    o.customer_id,
    o.status,
    o.total,
    o.placed_at,
    count(i.variant_id) as lines,
    coalesce(sum(i.quantity), 0) as units
  from orders o
  left join order_items i on i.order_id = o.id
  group by o.id, o.number, o.customer_id, o.status, o.total, o.placed_at;
