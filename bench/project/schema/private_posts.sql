-- Posts with owners behind a policy: a user reads his own.

create table private_posts (
    id bigint generated always as identity primary key,
    owner uuid not null,
    author_id bigint not null references authors (id),
    title text not null,
    body text not null,
    status text not null check (status in ('draft', 'review', 'published', 'archived')),
    score integer not null,
    created_at timestamptz not null default now()
);

create index private_posts_owner_status_created_at on private_posts (owner, status, created_at desc);

alter table private_posts enable row level security;

create policy private_posts_read on private_posts for select to authenticated using (owner = auth.uid());

grant select on private_posts to authenticated;

-- The same rows for everyone, to show what the policy costs.

create table shared_posts (
    id bigint generated always as identity primary key,
    owner uuid not null,
    author_id bigint not null references authors (id),
    title text not null,
    body text not null,
    status text not null check (status in ('draft', 'review', 'published', 'archived')),
    score integer not null,
    created_at timestamptz not null default now()
);

create index shared_posts_owner_status_created_at on shared_posts (owner, status, created_at desc);

alter table shared_posts enable row level security;

create policy shared_posts_read on shared_posts for select using (true);

grant select on shared_posts to anon, authenticated;
