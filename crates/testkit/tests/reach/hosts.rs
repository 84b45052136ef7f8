//! Several hosts, of which one takes writes.

use std::time::{Duration, Instant};

use mainstay_base::Limits;
use mainstay_engine::Engine;
use mainstay_engine_postgres::Options;
use mainstay_plan::Enforcement;
use mainstay_testkit::database::instance::Instance;

use crate::Outcome;
use crate::world::{ALICE, World, equal, read, runtime, told, write};

/// How long a copy may take until it is trusted.
const PATIENCE: Duration = Duration::from_secs(10);
/// A standby that answers reads as soon as it runs.
const STANDBY: &[&str] = &["hot_standby=on"];

/// Reads go to a copy only as long as it shows what it must: what another program does there to tell them apart is seen then.
pub fn reads_go_to_a_copy_that_follows() -> Outcome {
    let mut primary = Instance::create()?;
    primary.start(&["wal_level=replica"])?;
    let mut standby = primary.standby()?;
    standby.start(STANDBY)?;
    let url = |instance: &Instance| format!("{}/postgres", instance.url());
    let options = Options {
        replicas: vec![url(&standby)],
        replica_lag_max: Duration::from_millis(300),
        ..Options::new(url(&primary))
    };
    runtime()?.block_on(async {
        let world = World::apply(options).await?;
        // Without a transaction a session's last statement is the read.
        let exec = world.exec(Enforcement::Plan, Limits::default());
        write(&exec, ALICE, "written").await.map_err(told)?;
        let asked = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT%notes%' AND pid <> pg_backend_pid()";
        let end = Instant::now() + PATIENCE;
        while standby.query("postgres", asked)? == "0" {
            read(&exec, ALICE).await.map_err(told)?;
            if Instant::now() > end {
                return Err("the copy was never asked".to_owned());
            }
        }
        // A copy that stands still is soon too old.
        standby.query("postgres", "SELECT pg_wal_replay_pause()")?;
        write(&exec, ALICE, "later").await.map_err(told)?;
        let paused = Instant::now();
        while !read(&exec, ALICE).await.map_err(told)?.contains("later") {
            if paused.elapsed() > Duration::from_millis(300) + PATIENCE {
                return Err("what was written is not seen".to_owned());
            }
        }
        standby.query("postgres", "SELECT pg_wal_replay_resume()")?;
        // One that is gone costs nobody an answer.
        standby.kill()?;
        for _ in 0..20 {
            let seen = read(&exec, ALICE).await.map_err(told)?;
            equal(seen.matches("title").count(), 2)?;
        }
        world.engine.close().await.map_err(told)
    })
}

pub fn writes_go_on_after_a_failover() -> Outcome {
    let mut primary = Instance::create()?;
    // What is waited for below is what was written, so a commit has to be.
    primary.start(&["wal_level=replica", "synchronous_commit=on"])?;
    let mut standby = primary.standby()?;
    standby.start(STANDBY)?;
    // The standby stands first: what it is decides, and not where it stands.
    let hosts = format!("127.0.0.1:{},127.0.0.1:{}", standby.port(), primary.port());
    let url = format!("postgres://postgres@{hosts}/postgres?target_session_attrs=read-write");
    runtime()?.block_on(async {
        let world = World::apply(Options::new(url)).await?;
        for enforcement in [Enforcement::Plan, Enforcement::Role] {
            let exec = world.exec(enforcement, Limits::default());
            write(&exec, ALICE, &format!("before {enforcement:?}")).await.map_err(told)?;
        }
        let written = "SELECT pg_current_wal_lsn()";
        let seen = format!("SELECT pg_last_wal_replay_lsn() >= '{}'", primary.query("postgres", written)?);
        while standby.query("postgres", &seen)? != "t" {
            tokio::task::yield_now().await;
        }
        primary.kill()?;
        standby.promote()?;
        for enforcement in [Enforcement::Plan, Enforcement::Role] {
            let exec = world.exec(enforcement, Limits::default());
            let title = format!("after {enforcement:?}");
            // What was under way is told as lost; what comes then finds the new primary.
            if let Err(problem) = write(&exec, ALICE, &title).await {
                equal(&problem.code()[..2], "08")?;
                write(&exec, ALICE, &title).await.map_err(told)?;
            }
            let seen = read(&exec, ALICE).await.map_err(told)?;
            equal(
                seen.matches("title").count(),
                standby.query("postgres", "SELECT count(*) FROM notes")?.parse().unwrap_or(0),
            )?;
        }
        equal(standby.query("postgres", "SELECT count(*) FROM notes")?.as_str(), "4")?;
        world.engine.close().await.map_err(told)
    })
}
