//! Whatever is written, resolving answers with a catalog or with diagnostics: words of real schemas, shuffled.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::path::Path;

use mainstay_catalog::{bind_query, load};
use mainstay_sql::{SourceFiles, read_query};

/// A small generator of numbers that are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit.max(1)
    }
}

/// The words and signs of a text, with the blanks between them.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut last = ' ';
    for character in text.chars() {
        let joins = character.is_alphanumeric() || character == '_';
        match words.last_mut() {
            Some(word) if joins && (last.is_alphanumeric() || last == '_') => word.push(character),
            _ => words.push(character.to_string()),
        }
        last = character;
    }
    words
}

/// A text with a few of its words left out, repeated, or replaced by others of it.
fn mutate(words: &[String], numbers: &mut Numbers) -> String {
    let mut mutated = words.to_vec();
    for _ in 0..1 + numbers.below(4) {
        let at = numbers.below(mutated.len());
        let other = words[numbers.below(words.len())].clone();
        match numbers.below(3) {
            0 => drop(mutated.remove(at)),
            1 => mutated.insert(at, other),
            _ => mutated[at] = other,
        }
    }
    mutated.concat()
}

#[test]
fn schemas_with_shuffled_words_are_answered() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/shop/schema");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let texts: Vec<String> = paths.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let words: Vec<Vec<String>> = texts.iter().map(|text| words(text)).collect();
    let mut numbers = Numbers(1);
    for _ in 0..50 {
        let chosen = numbers.below(texts.len());
        let mut files = SourceFiles::new();
        for (at, text) in texts.iter().enumerate() {
            let text = if at == chosen { mutate(&words[at], &mut numbers) } else { text.clone() };
            files.add(format!("{at}.sql"), text);
        }
        let (catalog, diagnostics) = load(&files);
        assert_eq!(catalog.is_none(), diagnostics.has_errors());
        assert!(!diagnostics.render(&files, false).contains("internal"));
    }
}

#[test]
fn queries_with_shuffled_words_are_answered() {
    let catalog = common::catalog(common::TABLES);
    let queries = [
        "select p.id, count(*) as n from people p left join films f on f.director_id = p.id group by p.id having count(*) > 1",
        "select distinct on (mood) mood, name from people where (id, age) in (select 1, 2) order by mood, age desc limit 3",
        "with a (x) as (select id from people), b as (values (1, 'a'), (2, null)) select x, column2 from a, b union select 1, 'z' order by 2",
        "select case mood when 'sad' then 1 else 2.5 end, coalesce(tags[1], 'x'), array(select id from films) from people, unnest(tags) t",
        "select id from people a full join films b using (id) where name like any (array['a', 'b']) and a.mood <> all ('{sad}')",
        "select sum(age) filter (where mood = 'ok'), string_agg(distinct name, ',' order by name) from people, lateral (select 1 where age > 2) x",
        "select now() - interval '1 day' * 2, extract(year from born), (extra -> 'a' ->> 0)::int between 1 and 2 from people",
    ];
    let mut numbers = Numbers(2);
    let all: Vec<Vec<String>> = queries.iter().map(|query| words(query)).collect();
    for _ in 0..20_000 {
        let text = mutate(&all[numbers.below(all.len())], &mut numbers);
        let Ok(tree) = read_query(&text) else { continue };
        if let Err(diagnostics) = bind_query(&catalog, &tree) {
            assert!(diagnostics.has_errors(), "{text}");
        }
    }
}
