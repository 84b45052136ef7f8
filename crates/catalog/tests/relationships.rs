//! Relationships: foreign keys from both sides, junctions, views by lineage, computed ones.

mod common;

use common::{catalog, table};
use mainstay_catalog::{Cardinality, Catalog, Link, Relationship};

fn text(catalog: &Catalog, it: &Relationship) -> String {
    let columns = |list: &[u32]| list.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
    let kind = match it.cardinality {
        Cardinality::ManyToOne => "m2o",
        Cardinality::OneToMany => "o2m",
        Cardinality::OneToOneFromOrigin => "o2o>",
        Cardinality::OneToOneFromTarget => "o2o<",
        Cardinality::ManyToMany => "m2m",
    };
    let link = match &it.link {
        Link::Key { constraint, origin_columns, target_columns } => {
            format!("{constraint} ({})=({})", columns(origin_columns), columns(target_columns))
        }
        Link::Junction {
            table,
            origin_constraint,
            target_constraint,
            origin_columns,
            junction_origin_columns,
            junction_target_columns,
            target_columns,
        } => format!(
            "{} {origin_constraint} ({})=({}) {target_constraint} ({})=({})",
            catalog.table(*table).name,
            columns(origin_columns),
            columns(junction_origin_columns),
            columns(junction_target_columns),
            columns(target_columns)
        ),
        Link::Computed(function) => format!("{}()", catalog.function(*function).name),
    };
    format!("{} {kind} {link}", catalog.table(it.target).name)
}

#[track_caller]
fn of(catalog: &Catalog, name: &str, expected: &[&str]) {
    let found: Vec<String> =
        catalog.relationships_of(table(catalog, name).id).map(|it| text(catalog, it)).collect();
    assert_eq!(found, expected, "of {name}");
}

#[test]
fn keys_are_seen_from_both_sides() {
    let catalog = catalog(
        "create table people (id int primary key, boss int references people);
         create table addresses (id int primary key);
         create table orders (id int primary key, buyer int references people,
           billing int constraint billing references addresses, shipping int constraint shipping references addresses);
         create table profiles (person int primary key references people, bio text);
         create table badges (id int primary key, person int unique references people);",
    );
    of(
        &catalog,
        "people",
        &[
            "badges o2o< badges_person_fkey (0)=(1)",
            "orders o2m orders_buyer_fkey (0)=(1)",
            "people m2o people_boss_fkey (1)=(0)",
            "people o2m people_boss_fkey (0)=(1)",
            "profiles o2o< profiles_person_fkey (0)=(0)",
        ],
    );
    of(
        &catalog,
        "orders",
        &[
            "addresses m2o billing (2)=(0)",
            "addresses m2o shipping (3)=(0)",
            "people m2o orders_buyer_fkey (1)=(0)",
        ],
    );
    of(&catalog, "profiles", &["people o2o> profiles_person_fkey (0)=(0)"]);
}

#[test]
fn junctions_are_tables_keyed_by_their_references() {
    let catalog = catalog(
        "create table films (id int primary key);
         create table actors (a int, b int, primary key (a, b));
         create table roles (film int references films, a int, b int, part text, foreign key (a, b) references actors,
           primary key (film, a, b, part));
         create table tags (id int primary key, film int references films, a int, b int, foreign key (a, b) references actors);
         create table follows (who int references films, whom int references films, primary key (who, whom));",
    );
    of(
        &catalog,
        "actors",
        &[
            "films m2m roles roles_a_b_fkey (0,1)=(1,2) roles_film_fkey (0)=(0)",
            "roles o2m roles_a_b_fkey (0,1)=(1,2)",
            "tags o2m tags_a_b_fkey (0,1)=(2,3)",
        ],
    );
    of(
        &catalog,
        "films",
        &[
            "actors m2m roles roles_film_fkey (0)=(0) roles_a_b_fkey (1,2)=(0,1)",
            "films m2m follows follows_who_fkey (0)=(0) follows_whom_fkey (1)=(0)",
            "films m2m follows follows_whom_fkey (0)=(1) follows_who_fkey (0)=(0)",
            "follows o2m follows_who_fkey (0)=(0)",
            "follows o2m follows_whom_fkey (0)=(1)",
            "roles o2m roles_film_fkey (0)=(0)",
            "tags o2m tags_film_fkey (0)=(1)",
        ],
    );
}

#[test]
fn views_inherit_and_functions_compute() {
    let catalog = catalog(
        "create table people (id int primary key, name text);
         create table films (id int primary key, director int references people, title text);
         create view titles as select title, director as by_whom, id as film from films;
         create view upper_titles as select by_whom, upper(title) as title from titles;
         create view names as select id as key, name from people;
         create view united as select id from people union select director from films;
         create function newest(people) returns films language sql stable
           as 'select * from films where director = $1.id order by id desc';
         create function films_of(p people) returns setof films language sql stable
           as 'select * from films where director = p.id';
         create function shout(people) returns text language sql immutable as 'select upper($1.name)';",
    );
    of(
        &catalog,
        "people",
        &[
            "films o2m films_director_fkey (0)=(1)",
            "films o2m films_of()",
            "films m2o newest()",
            "titles o2m films_director_fkey (0)=(1)",
            "upper_titles o2m films_director_fkey (0)=(0)",
        ],
    );
    of(
        &catalog,
        "titles",
        &["names m2o films_director_fkey (1)=(0)", "people m2o films_director_fkey (1)=(0)"],
    );
    of(
        &catalog,
        "names",
        &[
            "films o2m films_director_fkey (0)=(1)",
            "titles o2m films_director_fkey (0)=(1)",
            "upper_titles o2m films_director_fkey (0)=(0)",
        ],
    );
    of(&catalog, "united", &[]);
}
