-- Rows for a new database.

insert into notes (author, title, body, published) values
  ('11111111-1111-4111-8111-111111111111', 'Hello', 'This note is published: everyone reads it.', true),
  ('11111111-1111-4111-8111-111111111111', 'Not yet', 'This one is not: only its author does.', false);
