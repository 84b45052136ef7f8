SELECT pg_catalog.set_config('search_path', '', FALSE);;
select setval('s', 5, true);
SELECT setval('s', 5, TRUE);;
begin; start transaction; commit work; end; rollback;;
create database x with encoding 'utf8'; drop database if exists x;
CREATE DATABASE x;

DROP DATABASE x;;
create extension if not exists "uuid-ossp" with schema extensions;
CREATE EXTENSION IF NOT EXISTS "uuid-ossp" WITH SCHEMA extensions;;
create sequence s.q as integer start with 1 increment by -1 no minvalue maxvalue 9 cache 1 cycle owned by none;
CREATE SEQUENCE s.q AS integer START WITH 1 INCREMENT BY -1 MAXVALUE 9 CACHE 1 CYCLE OWNED BY NONE;;
alter sequence s owned by public.t.id;
ALTER SEQUENCE s OWNED BY public.t.id;;
