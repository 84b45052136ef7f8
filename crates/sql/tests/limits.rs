//! Depth, length and time: no text makes the reader run out of stack or crawl.

mod common;

use std::time::{Duration, Instant};

use common::{read_text, shape};
use mainstay_sql::{Statement, print_expression, print_statements, read_expression};

/// Runs on a stack of the size that threads have by default, whatever the test runner gives.
fn on_small_stack(work: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(work).expect("a thread starts");
    thread.join().expect("the work did not panic");
}

fn is_too_deep(text: &str) -> bool {
    let (_, _, diagnostics) = read_text(text);
    diagnostics.iter().any(|it| it.code == "nested-too-deep")
}

#[test]
fn deep_nesting_is_refused() {
    on_small_stack(|| {
        for (open, middle, close) in [
            ("(", "1", ")"),
            ("(select ", "1", ")"),
            ("not ", "a", ""),
            ("- ", "a", ""),
            ("f(", "1", ")"),
            ("array[", "1", "]"),
            ("case when ", "a", " then 1 end"),
            ("a = any (select ", "1", ")"),
            ("coalesce(1, ", "2", ")"),
            ("a and (b or (", "c", "))"),
            ("exists (select 1 where ", "true", ")"),
            ("a[", "1", "]"),
        ] {
            let text = |depth: usize| format!("select {}{middle}{}", open.repeat(depth), close.repeat(depth));
            assert!(is_too_deep(&text(100_000)), "{open}");
            let (files, statements, diagnostics) = read_text(&text(15));
            assert!(diagnostics.is_empty(), "{}", diagnostics.render(&files, false));
            assert_eq!(statements.len(), 1);
        }
        for (open, close) in [("(", ")"), ("(select * from ", ") a")] {
            assert!(
                is_too_deep(&format!("select * from {}t{}", open.repeat(100_000), close.repeat(100_000))),
                "{open}"
            );
        }
        assert!(is_too_deep(&format!("{}select 1{}", "(".repeat(100_000), ")".repeat(100_000))));
    });
}

#[test]
fn the_deepest_tree_allowed_can_be_read_printed_and_dropped() {
    on_small_stack(|| {
        let deepest = |text: &dyn Fn(usize) -> String| {
            let depth = (1..400).rev().find(|depth| read_expression(&text(*depth)).is_ok()).unwrap();
            let tree = read_expression(&text(depth)).unwrap();
            assert_eq!(shape(&read_expression(&print_expression(&tree)).unwrap()), shape(&tree));
            depth
        };
        assert!(deepest(&|depth| format!("{}1{}", "f(".repeat(depth), ")".repeat(depth))) > 50);
        assert!(deepest(&|depth| format!("{}1{}", "(select ".repeat(depth), ")".repeat(depth))) > 30);
        assert!(deepest(&|depth| format!("a{}", " || b".repeat(depth))) > 200);
        assert!(deepest(&|depth| format!("a{}", "::int".repeat(depth))) > 200);
        assert!(
            deepest(&|depth| format!("{}a{}", "case when b then ".repeat(depth), " end".repeat(depth))) > 50
        );
    });
}

#[test]
fn long_chains_are_flat_or_refused() {
    on_small_stack(|| {
        let chain = |word: &str| format!("select a{}", format!(" {word} b").repeat(100_000));
        for word in ["+", "||", "::int", "is null", "collate", "union select"] {
            let text = match word {
                "::int" | "is null" => format!("select a{}", format!(" {word}").repeat(100_000)),
                _ => chain(word),
            };
            assert!(is_too_deep(&text), "{word}");
        }
        for word in ["and", "or"] {
            let (_, statements, diagnostics) = read_text(&chain(word));
            assert!(diagnostics.is_empty());
            assert_eq!(statements.len(), 1);
        }
        assert!(is_too_deep(&format!("select * from t{}", " cross join t".repeat(100_000))));
        let list = format!("select {}1", "1, ".repeat(100_000));
        assert!(!is_too_deep(&list));
    });
}

#[test]
fn large_scripts_take_linear_time() {
    let row = "INSERT INTO customers (id, name, city, at, price) VALUES (1, 'It''s a name', NULL, '2020-01-01', -1.5);\n";
    let one_each = row.repeat(15_000);
    let rows: Vec<_> =
        (0..15_000).map(|id| format!("({id}, 'It''s a name', NULL, now(), 1.5 + 2)")).collect();
    let together = format!("INSERT INTO customers VALUES {};", rows.join(",\n"));
    for (text, expected) in [(one_each, 15_000), (together, 1)] {
        let start = Instant::now();
        let (_, statements, diagnostics) = read_text(&text);
        assert!(diagnostics.is_empty());
        assert_eq!(statements.len(), expected);
        // Ten times what it takes without optimization on a slow machine: catches what grows with the square.
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    }
}

#[test]
fn hostile_texts_take_linear_time() {
    let start = Instant::now();
    for piece in [
        "(((select ",
        "$a",
        "/*",
        "'",
        "\"",
        "case ",
        "with a as (",
        "(values ",
        "create table t (a ",
        "\\",
        "copy t from stdin;",
        "[",
        "a.",
        "E'\\",
        "begin atomic ",
    ] {
        let text = piece.repeat(20_000);
        let (_, _, diagnostics) = read_text(&text);
        drop(diagnostics);
        read_text(&format!("create function f() returns int language sql as $x$ {text} $x$"));
    }
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
}

#[test]
fn published_files_read_back() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let folders = ["examples/shop/schema", "examples/shop", "tests/data/chinook"];
    let mut read = 0;
    for folder in folders {
        let Ok(entries) = std::fs::read_dir(format!("{root}/{folder}")) else { continue };
        for path in entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|it| it == "sql"))
        {
            let (files, statements, diagnostics) = read_text(&std::fs::read_to_string(&path).unwrap());
            assert!(diagnostics.is_empty(), "{path:?}\n{}", diagnostics.render(&files, false));
            assert!(!statements.iter().any(|it| matches!(it, Statement::Unsupported { .. })), "{path:?}");
            let (files, again, diagnostics) = read_text(&print_statements(&statements));
            assert!(diagnostics.is_empty(), "{path:?}\n{}", diagnostics.render(&files, false));
            assert_eq!(shape(&again), shape(&statements), "{path:?}");
            read += 1;
        }
    }
    assert!(read > 5, "the examples have moved");
}
