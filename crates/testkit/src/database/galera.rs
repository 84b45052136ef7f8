//! A cluster of MariaDB servers that keep the same rows: Galera, as Debian has it, on the loopback address.

use std::path::PathBuf;
use std::sync::Arc;

use super::mysql::{self, Product};
use super::process::{self, Kept};
use super::{Server, TestDatabase};

/// Where Debian puts the library that the nodes speak to one another with.
const PROVIDER: &str = "/usr/lib/galera/libgalera_smm.so";
/// The database that all nodes have.
const DATABASE: &str = "shared";
/// How soon a node that says nothing is counted out.
const TIMES: &str = "evs.suspect_timeout=PT1S;evs.inactive_timeout=PT3S;evs.inactive_check_period=PT0.2S;\
    evs.keepalive_period=PT0.2S;evs.install_timeout=PT3S;gcache.size=32M";

/// A cluster. It ends with this.
#[derive(Debug)]
pub struct Cluster {
    nodes: Vec<Node>,
}

/// One of its servers.
#[derive(Debug)]
pub struct Node {
    server: Arc<Server>,
    pid_file: PathBuf,
    _kept: Kept,
}

impl Cluster {
    /// Starts one; the first node makes the cluster, and the others copy its files.
    ///
    /// # Errors
    /// What a server or a program said.
    pub fn start(count: usize) -> Result<Cluster, String> {
        let mut nodes = Vec::with_capacity(count);
        let mut first = None;
        for number in 0..count {
            let (node, place) = Node::start(number, first.as_deref())?;
            let synced = "SELECT 1 / (SELECT variable_value = 'Synced' FROM information_schema.global_status \
                          WHERE variable_name = 'wsrep_local_state_comment')";
            process::wait_for(|| match node.query(synced)?.as_str() {
                "NULL" => Err(format!("node {number} does not join the cluster")),
                done => Ok(done.to_owned()),
            })?;
            if first.is_none() {
                node.server.query("", &format!("CREATE DATABASE {DATABASE}"))?;
            }
            first.get_or_insert(place);
            nodes.push(node);
        }
        Ok(Cluster { nodes })
    }

    /// Its nodes.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }
}

impl Node {
    /// Starts a node; answers with where it speaks to the others, too.
    fn start(number: usize, cluster: Option<&str>) -> Result<(Node, String), String> {
        let folder = Product::MariaDb.folder(None)?;
        let port = process::free_port()?;
        let mut words = Product::MariaDb.words(folder.path(), port)?;
        if cluster.is_none() {
            words.push(Product::MariaDb.install(folder.path())?);
        }
        let mut ports = [0; 3];
        for port in &mut ports {
            *port = process::free_port()?;
        }
        let [group, increments, copies] = ports;
        let listen =
            format!("gmcast.listen_addr=tcp://127.0.0.1:{group};ist.recv_addr=127.0.0.1:{increments}");
        words.extend([
            "--binlog-format=ROW".to_owned(),
            "--innodb-autoinc-lock-mode=2".to_owned(),
            "--innodb-buffer-pool-size=64M".to_owned(),
            "--wsrep-on=ON".to_owned(),
            format!("--wsrep-provider={PROVIDER}"),
            "--wsrep-cluster-name=mainstay".to_owned(),
            format!("--wsrep-cluster-address=gcomm://{}", cluster.unwrap_or_default()),
            format!("--wsrep-node-name=node{number}"),
            format!("--wsrep-node-address=127.0.0.1:{group}"),
            "--wsrep-sst-method=rsync".to_owned(),
            format!("--wsrep-sst-receive-address=127.0.0.1:{copies}"),
            format!("--wsrep-provider-options={listen};{TIMES}"),
        ]);
        let pid_file = folder.path().join("data/pid");
        let kept = Kept::start(folder, Product::MariaDb.user(), "KILL", words)?;
        let server = Arc::new(mysql::server(Product::MariaDb, port));
        Ok((Node { server, pid_file, _kept: kept }, format!("127.0.0.1:{group}")))
    }

    /// The database that all nodes have, on this one.
    pub fn database(&self) -> TestDatabase {
        TestDatabase::existing(Arc::clone(&self.server), DATABASE)
    }

    /// Runs statements on this node.
    ///
    /// # Errors
    /// What the server said.
    pub fn query(&self, sql: &str) -> Result<String, String> {
        self.server.query("", sql)
    }

    /// Ends the server in the middle of whatever it does.
    ///
    /// # Errors
    /// A sentence, when there is none any more.
    pub fn kill(&self) -> Result<(), String> {
        process::kill(&self.pid_file)
    }
}
