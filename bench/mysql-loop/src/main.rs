//! Runs one prepared statement in a loop on many connections and drops its rows: `mysql-loop URL WORK SECONDS CONNECTIONS THREADS`.
//!
//! WORK is key, list, embed or insert, on the tables of the benchmark's project. It prints how many statements were answered and in
//! how many seconds.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier, LazyLock};
use std::time::{Duration, Instant, SystemTime};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, Value};

const COLUMNS: &str = "id, author_id, title, body, status, score, created_at";
const POSTS: u64 = 10_000;
const AUTHORS: u64 = 1_000;
const STATUSES: [&str; 4] = ["draft", "review", "published", "archived"];

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, work, seconds, connections, threads] = arguments.as_slice() else {
        return Err("usage: mysql-loop URL WORK SECONDS CONNECTIONS THREADS".into());
    };
    let (seconds, connections, threads): (f64, usize, usize) =
        (seconds.parse()?, connections.parse()?, threads.parse()?);
    let sql = statement(work)?;
    let opts = Opts::from_url(url)?;
    let done = Arc::new(AtomicU64::new(0));
    let ready = Arc::new(Barrier::new(threads));
    let (mut running, mut spent) = (Vec::new(), 0.0_f64);
    for thread in 0..threads {
        let own = connections / threads + usize::from(thread < connections % threads);
        let (opts, sql, work) = (opts.clone(), sql.clone(), work.clone());
        let (done, ready) = (Arc::clone(&done), Arc::clone(&ready));
        running.push(std::thread::spawn(move || drive(&opts, &sql, &work, own, seconds, &done, &ready)));
    }
    for thread in running {
        spent = spent.max(thread.join().map_err(|_| "a thread died")??);
    }
    println!("{} {spent}", done.load(Ordering::Relaxed));
    Ok(())
}

fn statement(work: &str) -> Outcome<String> {
    let page = "ORDER BY created_at DESC LIMIT 20";
    Ok(match work {
        "key" => format!("SELECT {COLUMNS} FROM posts WHERE id = ?"),
        "list" => format!("SELECT {COLUMNS} FROM posts WHERE status = ? {page}"),
        "embed" => format!(
            // The server may begin an inner join with the authors, which costs a thousand times as much.
            "SELECT posts.id, title, authors.id, authors.name FROM posts LEFT JOIN authors ON authors.id = author_id \
             WHERE status = ? {page}"
        ),
        "insert" => "INSERT INTO posts (id, author_id, title, body, status, score, created_at) \
                     VALUES (?, ?, ?, ?, ?, ?, utc_timestamp(6))"
            .to_owned(),
        other => return Err(format!("there is no work called {other}").into()),
    })
}

/// Runs the connections of one thread; answers with the seconds that it took.
fn drive(
    opts: &Opts,
    sql: &str,
    work: &str,
    connections: usize,
    seconds: f64,
    done: &Arc<AtomicU64>,
    ready: &Barrier,
) -> Outcome<f64> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let mut open = Vec::new();
        for _ in 0..connections {
            let mut connection = Conn::new(opts.clone()).await?;
            connection.query_drop("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED").await?;
            let statement = connection.prep(sql).await?;
            open.push((connection, statement));
        }
        ready.wait();
        let began = Instant::now();
        let end = began + Duration::from_secs_f64(seconds);
        let mut tasks = Vec::new();
        for (number, (mut connection, statement)) in open.into_iter().enumerate() {
            let (work, done) = (work.to_owned(), Arc::clone(done));
            tasks.push(tokio::task::spawn_local(async move {
                let mut random = Random::new(number as u64);
                while Instant::now() < end {
                    let mut result = connection.exec_iter(&statement, values(&work, &mut random)).await?;
                    while result.next().await?.is_some() {}
                    drop(result);
                    done.fetch_add(1, Ordering::Relaxed);
                }
                connection.disconnect().await
            }));
        }
        for task in tasks {
            task.await??;
        }
        Ok(began.elapsed().as_secs_f64())
    })
}

fn values(work: &str, random: &mut Random) -> Vec<Value> {
    match work {
        "key" => vec![Value::from(random.below(POSTS) + 1)],
        "insert" => vec![
            Value::from(next_id()),
            Value::from(random.below(AUTHORS) + 1),
            Value::from("harbour lantern drift copper meadow"),
            Value::from("x".repeat(250)),
            Value::from("draft"),
            Value::from(random.below(1_000)),
        ],
        _ => vec![Value::from(STATUSES[random.below(4) as usize])],
    }
}

/// Ids that rise, far from the numbers that sequences hand out and from those of the run before.
fn next_id() -> u64 {
    static NEXT: LazyLock<AtomicU64> = LazyLock::new(|| AtomicU64::new(micros()));
    NEXT.fetch_add(1, Ordering::Relaxed)
}

fn micros() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_micros() as u64
}

/// Numbers that need not be good, only quick (xorshift).
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self((micros() ^ (seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)) | 1)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}
