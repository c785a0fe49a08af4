//! A laid-out document as PDF.

use jiff::tz::TimeZone;
use krilla::configure::{Accessibility, Archival, ConfigurationBuilder};
use krilla::destination::XyzDestination;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::{DateTime, Metadata};
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::surface::Surface;
use krilla::tagging::{Artifact, ArtifactType, ContentTag, Identifier, SpanTag, TagGroup, TagTree};
use krilla::{Document, SerializeSettings};

use super::font::{self, Weight};
use super::{Child, Element, FOOT, HEIGHT, MARGIN, Mark, Paper, Piece, SIZE, WIDTH};

/// Writes a document.
pub fn write(paper: Paper) -> Result<Vec<u8>, String> {
    let configuration = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A2_A)
        .with_accessibility_validator(Accessibility::UA1)
        .finish()
        .map_err(|error| format!("{error:?}"))?;
    let settings = SerializeSettings { configuration, ..SerializeSettings::default() };
    let mut document = Document::new_with(settings);
    document.set_metadata(metadata(&paper));
    let mut contents: Vec<Option<Identifier>> = vec![None; paper.contents];
    let count = paper.pages.len();
    for (number, pieces) in paper.pages.iter().enumerate() {
        let settings = PageSettings::from_wh(WIDTH, HEIGHT).expect("A4 is a size");
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        for piece in pieces {
            let identifier = draw(&mut surface, piece);
            if let Some(content) = piece.content {
                contents[content] = Some(identifier);
            }
        }
        foot(&mut surface, &paper, number + 1, count);
        surface.finish();
        page.finish();
    }
    let mut tree = TagTree::new().with_lang(Some("en-GB".to_owned()));
    for element in paper.tree {
        tree.push(group(element, &contents));
    }
    document.set_tag_tree(tree);
    let mut outline = Outline::new();
    for heading in paper.headings {
        let to = XyzDestination::new(heading.page, Point::from_xy(MARGIN, heading.y));
        outline.push_child(OutlineNode::new(heading.text, to));
    }
    document.set_outline(outline);
    document.finish().map_err(|error| format!("{error:?}"))
}

fn metadata(paper: &Paper) -> Metadata {
    let at = paper.made_at.to_zoned_datetime(TimeZone::UTC);
    let number = |n: i8| n.unsigned_abs();
    let date = DateTime::new(at.year().unsigned_abs())
        .month(number(at.month()))
        .day(number(at.day()))
        .hour(number(at.hour()))
        .minute(number(at.minute()))
        .second(number(at.second()))
        .utc_offset_hour(0)
        .utc_offset_minute(0);
    Metadata::new()
        .title(format!("{} {}", paper.title, paper.subject))
        .language("en-GB".to_owned())
        .creator("Hubstock".to_owned())
        .document_id(format!("{} {}", paper.title, paper.subject))
        .creation_date(date)
}

fn draw(surface: &mut Surface<'_>, piece: &Piece) -> Identifier {
    let is_text = piece.marks.iter().all(|mark| matches!(mark, Mark::Text { .. }));
    let tag = match piece.content {
        None => ContentTag::Artifact(Artifact::with_kind(ArtifactType::Layout)),
        Some(_) if is_text => ContentTag::Span(SpanTag::empty()),
        Some(_) => ContentTag::Other,
    };
    let identifier = surface.start_tagged(tag);
    for mark in &piece.marks {
        match mark {
            Mark::Text { x, y, size, weight, text } => set(surface, (*x, *y), *size, *weight, text),
            Mark::Boxes(boxes) => fill(surface, boxes),
        }
    }
    surface.end_tagged();
    identifier
}

fn set(surface: &mut Surface<'_>, (x, y): (f32, f32), size: f32, weight: Weight, text: &str) {
    let (text, glyphs) = font::glyphs(text, weight);
    if !glyphs.is_empty() {
        let (at, font) = (Point::from_xy(x, y), font::embedded(weight));
        surface.draw_glyphs(at, &glyphs, font, &text, size, false);
    }
}

fn fill(surface: &mut Surface<'_>, boxes: &[[f32; 4]]) {
    let mut path = PathBuilder::new();
    for [x, y, width, height] in boxes {
        if let Some(rect) = Rect::from_xywh(*x, *y, *width, *height) {
            path.push_rect(rect);
        }
    }
    if let Some(path) = path.finish() {
        surface.draw_path(&path);
    }
}

/// The number of the page, and what it is of.
fn foot(surface: &mut Surface<'_>, paper: &Paper, number: usize, count: usize) {
    surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::Footer)));
    let text = format!("{} {}, page {number} of {count}", paper.title, paper.subject);
    set(surface, (MARGIN, HEIGHT - FOOT), SIZE - 1.5, Weight::Regular, &text);
    surface.end_tagged();
}

fn group(element: Element, contents: &[Option<Identifier>]) -> TagGroup {
    let mut group = TagGroup::new(element.kind);
    for child in element.children {
        match child {
            Child::Element(element) => group.push(self::group(element, contents)),
            Child::Content(number) => {
                if let Some(identifier) = contents[number] {
                    group.push(identifier);
                }
            }
        }
    }
    group
}
