//! A person without a mouse.

use fantoccini::key::Key;
use serde_json::Value;

use super::Browser;

/// No page has more places to stop at than this.
const MANY: usize = 1000;

/// What has the focus, as a person would call it.
const FOCUSED: &str = "
    const e = document.activeElement;
    if (!e || e === document.body || e === document.documentElement) return null;
    const label = e.labels && e.labels.length ? e.labels[0].innerText : '';
    return e.getAttribute('aria-label') || label || e.innerText || e.textContent || e.value
        || e.id || e.tagName;";

impl Browser {
    /// Presses a key: where the focus is, if it is anywhere.
    pub async fn press(&self, key: Key) {
        self.type_text(&String::from(char::from(key))).await;
    }

    /// Types a text where the focus is.
    pub async fn type_text(&self, text: &str) {
        let element = self.client.active_element().await;
        let element = self.must(element, "find the focus").await;
        let typed = element.send_keys(text).await;
        self.must(typed, "type").await;
    }

    /// The label or text of what has the focus; nothing if the page as a whole has it.
    pub async fn focused(&self) -> Option<String> {
        let focused = self.client.execute(FOCUSED, vec![]).await;
        match self.must(focused, "tell the focus").await {
            Value::String(text) => Some(super::squeezed(&text)),
            _ => None,
        }
    }

    /// Moves the focus with the tab key, forwards, to what has this label or text.
    pub async fn tab_to(&self, text: &str) {
        let wanted = super::squeezed(text);
        for _ in 0..MANY {
            self.press(Key::Tab).await;
            if self.focused().await.as_ref() == Some(&wanted) {
                return;
            }
        }
        self.fail(format!("reach “{wanted}” with the tab key")).await;
    }

    /// Every stop of the tab key from where the focus is to the end of the page.
    pub async fn tab_stops(&self) -> Vec<String> {
        let mut stops = Vec::new();
        loop {
            self.press(Key::Tab).await;
            match self.focused().await {
                Some(stop) if stops.len() < MANY => stops.push(stop),
                Some(_) => self.fail("get out of the page with the tab key").await,
                None => return stops,
            }
        }
    }
}
