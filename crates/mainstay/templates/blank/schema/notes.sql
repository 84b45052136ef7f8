-- Notes that people write. Visitors read what is published; signed-in people write their own.

create table notes (
  id bigint generated always as identity primary key,
  author uuid default auth.uid(),
  title text not null check (title <> ''),
  body text not null default '',
  published boolean not null default false,
  created_at timestamptz not null default now()
);

create index on notes (author);

comment on table notes is 'Notes that people write.';

-- Nothing may be read or written unless a policy says so.
alter table notes enable row level security;

create policy "everyone reads what is published" on notes
  for select using (published);

create policy "authors do as they like with their own" on notes
  for all to authenticated using (author = auth.uid()) with check (author = auth.uid());
