//! The site in force, and its replacement by another while requests come in.

use std::sync::Arc;

use http::{Request, Response};
use tokio::sync::{RwLock, RwLockWriteGuard};

use crate::request_target::RequestBody;
use crate::serve::Respond;
use crate::site::Site;
use crate::static_files::Body;

/// A site that can be replaced. Requests share it; who replaces it waits for those under way, and those that come
/// meanwhile wait for the new one, so that each sees a database and a schema that belong together.
pub struct Live {
    site: RwLock<Arc<Site>>,
}

impl Live {
    /// Begins with this site.
    pub fn new(site: Site) -> Self {
        Self { site: RwLock::new(Arc::new(site)) }
    }

    /// The site, to be replaced: no request is under way until the guard is dropped.
    pub async fn pause(&self) -> RwLockWriteGuard<'_, Arc<Site>> {
        self.site.write().await
    }
}

impl Respond for Live {
    async fn respond(&self, request: Request<RequestBody>) -> Response<Body> {
        // A request that takes its time to come in must not keep the site from being replaced.
        let site = self.site.read().await.clone();
        let received = site.receive(request).await;
        self.site.read().await.answer(received).await
    }

    fn idle(&self) {
        // While the site is being replaced, the thread is asked again when it has answered what waits for the new one.
        if let Ok(site) = self.site.try_read() {
            site.idle();
        }
    }
}
