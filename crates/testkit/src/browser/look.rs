//! The size of the page, and what the browser itself complains about.

use serde_json::{Value, json};

use super::{Browser, Screen};

impl Browser {
    /// Gives the page another size, from now on and on every page.
    pub async fn resize(&self, screen: Screen) {
        let Screen { width, height, scale } = screen;
        let size = json!({
            "width": width, "height": height, "deviceScaleFactor": scale, "mobile": false,
        });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// Runs a script on each page before its own, in place of what this machine's browser lacks.
    pub async fn before_each_page(&self, script: &str) {
        let source = json!({ "source": script });
        self.devtools("Page.addScriptToEvaluateOnNewDocument", source).await;
    }

    /// Takes the network away, from the page and all that it asks for.
    pub async fn lose_connection(&self) {
        self.network(true).await;
    }

    /// Gives the network back.
    pub async fn find_connection(&self) {
        self.network(false).await;
    }

    async fn network(&self, is_lost: bool) {
        self.devtools("Network.enable", json!({})).await;
        let conditions = json!({
            "offline": is_lost, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1,
        });
        self.devtools("Network.emulateNetworkConditions", conditions).await;
    }

    /// By how many pixels the page is wider than the screen; a good page is not.
    pub async fn too_wide_by(&self) -> i64 {
        let script = "const e = document.documentElement; return e.scrollWidth - e.clientWidth";
        let pixels = self.client.execute(script, vec![]).await;
        self.must(pixels, "measure the page").await.as_i64().unwrap_or(0)
    }

    /// What the browser has written into its console since it was last asked: errors of scripts,
    /// things not found, breaches of the content security policy. That a form was refused is none:
    /// its page says so.
    pub async fn complaints(&self) -> Vec<String> {
        let log = self.extra("se/log", json!({ "type": "browser" })).await;
        let entries = log.as_array().map(Vec::as_slice).unwrap_or_default();
        let severe = entries.iter().filter(|entry| entry["level"] == "SEVERE").map(message);
        severe.filter(|message| !message.contains("responded with a status of 422")).collect()
    }
}

fn message(entry: &Value) -> String {
    entry["message"].as_str().unwrap_or_default().to_owned()
}
