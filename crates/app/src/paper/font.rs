//! Liberation Sans: how wide a text is, where it is broken, and its glyphs.
//!
//! Each letter is one glyph with its own width: no kerning, no ligatures. What the font has no glyph
//! for stands as a question mark.

use std::sync::LazyLock;

use krilla::text::{Font, GlyphId, KrillaGlyph};
use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider};

/// A weight of the font.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Text.
    Regular,
    /// Headings and names.
    Bold,
}

const REGULAR: &[u8] = include_bytes!("../../assets/liberation-sans/LiberationSans-Regular.ttf");
const BOLD: &[u8] = include_bytes!("../../assets/liberation-sans/LiberationSans-Bold.ttf");

/// What the font is asked for, again and again.
struct Face {
    font: FontRef<'static>,
    krilla: Font,
    units: f32,
}

static FACES: LazyLock<[Face; 2]> = LazyLock::new(|| [face(REGULAR), face(BOLD)]);

fn face(bytes: &'static [u8]) -> Face {
    let krilla = Font::new(bytes.into(), 0).expect("the embedded font is one");
    let units = krilla.units_per_em();
    Face { font: FontRef::new(bytes).expect("the embedded font is one"), krilla, units }
}

fn of(weight: Weight) -> &'static Face {
    match weight {
        Weight::Regular => &FACES[0],
        Weight::Bold => &FACES[1],
    }
}

/// The font as a document embeds it.
pub fn embedded(weight: Weight) -> Font {
    of(weight).krilla.clone()
}

/// The text as it can be set, and its glyphs.
pub fn glyphs(text: &str, weight: Weight) -> (String, Vec<KrillaGlyph>) {
    let face = of(weight);
    let map = face.font.charmap();
    let widths = face.font.glyph_metrics(Size::unscaled(), LocationRef::default());
    let (mut set, mut glyphs) = (String::with_capacity(text.len()), Vec::new());
    for letter in text.chars() {
        let known = map.map(letter).filter(|_| !letter.is_control()).map(|glyph| (letter, glyph));
        let known = known.or_else(|| map.map('?').map(|glyph| ('?', glyph)));
        let Some((letter, glyph)) = known else { continue };
        let from = set.len();
        set.push(letter);
        let advance = widths.advance_width(glyph).unwrap_or_default() / face.units;
        let id = GlyphId::new(glyph.to_u32());
        glyphs.push(KrillaGlyph::new(id, advance, 0.0, 0.0, 0.0, from..set.len(), None));
    }
    (set, glyphs)
}

/// How wide a text is.
pub fn width(text: &str, size: f32, weight: Weight) -> f32 {
    glyphs(text, weight).1.iter().map(|glyph| glyph.x_advance * size).sum()
}

/// The lines of a text that is broken between words, and within a word that is too long alone. There
/// is one line at least.
pub fn broken(text: &str, most: f32, size: f32, weight: Weight) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if width(&longer, size, weight) <= most {
                line = longer;
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            let mut pieces = in_pieces(word, most, size, weight);
            line = pieces.pop().unwrap_or_default();
            lines.append(&mut pieces);
        }
        lines.push(line);
    }
    if lines.is_empty() {
        lines.push(String::new());
    }
    lines
}

fn in_pieces(word: &str, most: f32, size: f32, weight: Weight) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut so_far = 0.0;
    for letter in word.chars() {
        let wide = width(letter.encode_utf8(&mut [0; 4]), size, weight);
        if so_far + wide > most && so_far > 0.0 {
            pieces.push(String::new());
            so_far = 0.0;
        }
        so_far += wide;
        if let Some(piece) = pieces.last_mut() {
            piece.push(letter);
        }
    }
    pieces
}

/// As much of a text as fits on one line.
pub fn cut(text: &str, most: f32, size: f32, weight: Weight) -> String {
    if width(text, size, weight) <= most {
        return text.to_owned();
    }
    let mut kept = String::new();
    for letter in text.chars() {
        kept.push(letter);
        if width(&format!("{kept}…"), size, weight) > most {
            kept.pop();
            break;
        }
    }
    kept + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_broken_where_it_has_to_be() {
        let words = broken("one two three four five six", 50.0, 10.0, Weight::Regular);
        assert!(words.len() > 2 && words.iter().all(|l| width(l, 10.0, Weight::Regular) <= 50.0));
        assert_eq!(words.join(" "), "one two three four five six");
        let hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        let pieces = broken(hash, 100.0, 10.0, Weight::Regular);
        assert!(pieces.len() > 3);
        assert_eq!(pieces.concat(), hash);
        assert_eq!(broken("", 50.0, 10.0, Weight::Bold), [""]);
        assert_eq!(broken("a\n\nb", 50.0, 10.0, Weight::Bold), ["a", "", "b"]);
    }

    #[test]
    fn what_the_font_does_not_have_is_a_question_mark() {
        assert_eq!(glyphs("Ünï £5 – “x” 🚚\u{7}", Weight::Regular).0, "Ünï £5 – “x” ??");
    }

    #[test]
    fn what_is_too_long_is_cut() {
        assert_eq!(cut("PAL1", 50.0, 10.0, Weight::Regular), "PAL1");
        let cut = cut("a very long name of a pallet", 60.0, 10.0, Weight::Regular);
        assert!(cut.ends_with('…') && width(&cut, 10.0, Weight::Regular) <= 60.0);
    }
}
