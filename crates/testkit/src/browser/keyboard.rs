//! A person without a mouse.

use fantoccini::actions::{InputSource, KeyAction, KeyActions};
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

/// Where the focus is, seen from the radio button or checkbox with this label.
const FROM_CHOICE: &str = "
    const wanted = arguments[0], focused = document.activeElement;
    const text = label => label.innerText.replace(/\\s+/g, ' ').trim();
    const label = [...document.querySelectorAll('label')].find(label => text(label) === wanted);
    const choice = label && document.getElementById(label.htmlFor);
    if (!choice) return 'missing';
    if (focused === choice) return 'there';
    return focused.type === 'radio' && focused.name === choice.name ? 'beside' : 'elsewhere';";

impl Browser {
    /// Presses a key: where the focus is, if it is anywhere.
    pub async fn press(&self, key: Key) {
        let value = char::from(key);
        let keys = KeyActions::new("keyboard".to_owned());
        let keys = keys.then(KeyAction::Down { value }).then(KeyAction::Up { value });
        let pressed = self.client.perform_actions(keys).await;
        self.must(pressed, "press a key").await;
    }

    /// Types a text where the focus is.
    pub async fn type_text(&self, text: &str) {
        let element = self.client.active_element().await;
        let element = self.must(element, "find the focus").await;
        let typed = element.send_keys(text).await;
        self.must(typed, "type").await;
    }

    /// Puts a text in where the focus is, all at once, as pasting does.
    pub async fn paste(&self, text: &str) {
        self.devtools("Input.insertText", serde_json::json!({ "text": text })).await;
    }

    /// Chooses the radio button or checkbox with this label with the keys alone.
    pub async fn tab_to_choice(&self, text: &str) {
        let wanted = super::squeezed(text);
        for _ in 0..MANY {
            let at = self.client.execute(FROM_CHOICE, vec![Value::from(wanted.as_str())]).await;
            match self.must(at, format!("look for “{text}”")).await.as_str() {
                Some("there") => return self.press(Key::Space).await,
                Some("beside") => self.press(Key::Down).await,
                Some("elsewhere") => self.press(Key::Tab).await,
                _ => break,
            }
        }
        self.fail(format!("reach the choice “{text}” with the keys")).await;
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
