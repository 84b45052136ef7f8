//! PgBouncer in transaction mode: a server's session goes to another client after each transaction.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use mainstay_base::Limits;
use mainstay_engine::Engine;
use mainstay_engine_postgres::Options;
use mainstay_plan::Enforcement;
use mainstay_testkit::database::instance::{Instance, as_postgres, free_port, query_at};

use crate::Outcome;
use crate::world::{ALICE, BOB, World, equal, reach, read, runtime, told, write};

const WAYS: [Enforcement; 2] = [Enforcement::Plan, Enforcement::Role];
/// How long a session of the server may be waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// Stops it when its own input ends, which it does however the tests end.
const KEEPER: &str = "\"$@\" & pooler=$!; read -r _; kill -KILL $pooler; wait $pooler";

/// A pooler before a server, with two sessions for all.
struct Pooler {
    keeper: Child,
    port: u16,
    instance: Instance,
}

impl Pooler {
    fn start() -> Result<Self, String> {
        let mut instance = Instance::create()?;
        instance.start(&["max_prepared_transactions=4"])?;
        let port = free_port()?;
        let users = instance.write("users.txt", "\"postgres\" \"\"\n")?;
        let users = users.display();
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = trust\nauth_file = {users}\npool_mode = transaction\ndefault_pool_size = 2\n\
             max_client_conn = 100\nlogfile = {}/pooler.log\n",
            instance.port(),
            instance.data().display()
        );
        let file = instance.write("pooler.ini", &settings)?;
        let words = ["pgbouncer", "--quiet", file.to_str().unwrap_or_default()];
        let keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper"])
            .args(as_postgres(&words))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("pgbouncer: {error}"))?;
        let pooler = Self { keeper, port, instance };
        // It is tried until it listens.
        reach(&pooler.options().url)?;
        Ok(pooler)
    }

    fn options(&self) -> Options {
        let url = format!("postgres://postgres@127.0.0.1:{}/postgres", self.port);
        // Two sessions for all, and a machine that may have much to do.
        Options { prepared_statements: false, connect_timeout: PATIENCE, ..Options::new(url) }
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

pub fn a_pooler_keeps_nothing_of_a_request() -> Outcome {
    let pooler = Pooler::start()?;
    runtime()?.block_on(async {
        let world = World::apply(pooler.options()).await?;
        for way in WAYS {
            let exec = &world.exec(way, Limits::default());
            let writes = (0..20).map(async |number| {
                let user = if number % 2 == 0 { ALICE } else { BOB };
                write(exec, user, &format!("{way:?} {number}")).await
            });
            for written in join_all(writes).await {
                written.map_err(told)?;
            }
            let reads =
                join_all((0..40).map(|number| read(exec, if number % 2 == 0 { ALICE } else { BOB }))).await;
            for (number, seen) in reads.into_iter().enumerate() {
                let (own, other) = if number % 2 == 0 { (ALICE, BOB) } else { (BOB, ALICE) };
                let seen = seen.map_err(told)?;
                if !seen.contains(own) || seen.contains(other) {
                    return Err(format!("{way:?}: {own} sees {seen}"));
                }
            }
        }
        let left = "SELECT count(*) FROM pg_prepared_statements";
        let pooled = query_at(&pooler.options().url, left)?;
        equal(pooled.as_str(), "0")?;
        let role = "SELECT current_user, coalesce(current_setting('request.jwt.claims', true), ''), \
                    current_setting('statement_timeout')";
        equal(query_at(&pooler.options().url, role)?.as_str(), "postgres||0")?;
        world.engine.close().await.map_err(told)
    })
}

pub fn what_waits_behind_a_pooler_is_ended() -> Outcome {
    let pooler = Pooler::start()?;
    let held = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
    runtime()?.block_on(async {
        let world = World::apply(pooler.options()).await?;
        for way in WAYS {
            // A transaction that stays open holds the table.
            let lock = "BEGIN; LOCK TABLE notes; PREPARE TRANSACTION 'held'";
            pooler.instance.query("postgres", lock)?;
            let short = Limits { statement_timeout: Duration::from_millis(200), ..Limits::default() };
            let waited = write(&world.exec(way, short), ALICE, "late").await;
            if !matches!(&waited, Err(problem) if problem.code() == "57014") {
                return Err(format!("{way:?}: {waited:?}"));
            }
            // A client that hangs up leaves nothing behind that waits.
            let exec = world.exec(way, Limits::default());
            let mut waiting = Box::pin(write(&exec, ALICE, "gone"));
            loop {
                let step = tokio::time::timeout(Duration::from_millis(20), &mut waiting).await;
                if let Ok(done) = step {
                    return Err(format!("it did not wait: {done:?}"));
                }
                if pooler.instance.query("postgres", held)? == "1" {
                    break;
                }
            }
            drop(waiting);
            let end = Instant::now() + PATIENCE;
            while pooler.instance.query("postgres", held)? != "0" {
                if Instant::now() > end {
                    return Err(format!("{way:?}: it waits on"));
                }
                tokio::task::yield_now().await;
            }
            pooler.instance.query("postgres", "ROLLBACK PREPARED 'held'")?;
        }
        equal(pooler.instance.query("postgres", "SELECT count(*) FROM notes")?.as_str(), "0")?;
        world.engine.close().await.map_err(told)
    })
}
