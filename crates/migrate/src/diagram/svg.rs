//! SVG: boxes, rows, and lines with crow's feet where there are many and bars where there is one.

use std::fmt::Write;

use super::layout::{HEADER, Layout, Place, ROW, row_middle};
use super::model::{Edge, Entity, Model};

const STYLE: &str = "\
svg{background:#fff}\
text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:#1f2937}\
.box{fill:#fff;stroke:#94a3b8}.head{fill:#e2e8f0}.name{font-weight:700}\
.type,.key{fill:#64748b}.key{font-size:10px}.line{fill:none;stroke:#64748b;stroke-width:1.3}\
.ring{fill:#fff;stroke:#64748b;stroke-width:1.3}\
@media(prefers-color-scheme:dark){svg{background:#0f172a}text{fill:#e2e8f0}\
.box,.ring{fill:#0f172a}.box{stroke:#475569}.head{fill:#1e293b}.type,.key{fill:#94a3b8}\
.line,.ring{stroke:#94a3b8}}";

pub(super) fn draw(model: &Model, layout: &Layout) -> String {
    let (width, height) = (layout.width.ceil(), layout.height.ceil());
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\">\n<title>Tables and foreign keys</title>\n\
         <style>{STYLE}</style>\n"
    );
    for (edge, line) in model.edges.iter().zip(&layout.lines) {
        let corners = match edge.parent == edge.child {
            true => own_line(edge, layout.places[edge.child]),
            false => line.clone(),
        };
        connection(&mut out, edge, &corners);
    }
    for (entity, place) in model.entities.iter().zip(&layout.places) {
        table(&mut out, entity, *place);
    }
    out.push_str("</svg>\n");
    out
}

fn table(out: &mut String, entity: &Entity, place: Place) {
    let Place { x, y, width, height } = place;
    _ = writeln!(
        out,
        "<g><rect class=\"box\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"5\"/>\
         <path class=\"head\" d=\"M{x} {top}v{down}a5 5 0 0 1 5 -5h{across}a5 5 0 0 1 5 5v{up}z\"/>\
         <text class=\"name\" x=\"{text_x}\" y=\"{text_y}\">{name}</text>",
        top = y + HEADER,
        down = 5.0 - HEADER,
        across = width - 10.0,
        up = HEADER - 5.0,
        text_x = x + 12.0,
        text_y = y + 18.5,
        name = escaped(&entity.name)
    );
    for (number, row) in entity.rows.iter().enumerate() {
        let base = y + HEADER + number as f64 * ROW + 16.0;
        let ty = if row.not_null { row.ty.clone() } else { format!("{}?", row.ty) };
        _ = write!(out, "<text x=\"{}\" y=\"{base}\">{}</text>", x + 12.0, escaped(&row.name));
        let right = x + width - 10.0;
        let keys = row.keys.join(" ");
        _ = writeln!(
            out,
            "<text class=\"type\" x=\"{right}\" y=\"{base}\" text-anchor=\"end\">{} \
             <tspan class=\"key\">{keys}</tspan></text>",
            escaped(&ty)
        );
    }
    out.push_str("</g>\n");
}

/// A loop to the right of a box.
fn own_line(edge: &Edge, place: Place) -> Vec<(f64, f64)> {
    let right = place.x + place.width;
    let (from, to) = (place.y + row_middle(edge.parent_row), place.y + row_middle(edge.child_row));
    vec![(right, from), (right + 22.0, from), (right + 22.0, to), (right, to)]
}

fn connection(out: &mut String, edge: &Edge, corners: &[(f64, f64)]) {
    let (Some(parent), Some(child)) = (corners.first(), corners.last()) else { return };
    let points: Vec<String> = corners.iter().map(|(x, y)| format!("{x},{y}")).collect();
    _ = writeln!(
        out,
        "<g><title>{}</title><polyline class=\"line\" points=\"{}\"/>",
        escaped(&edge.name),
        points.join(" ")
    );
    let away = |corner: usize, from: f64| {
        if corners.get(corner).is_some_and(|(x, _)| *x < from) { -1.0 } else { 1.0 }
    };
    one(out, *parent, away(1, parent.0), edge.optional_parent);
    let side = away(corners.len().saturating_sub(2), child.0);
    if edge.one_child {
        one(out, *child, side, true);
    } else {
        many(out, *child, side);
    }
    out.push_str("</g>\n");
}

/// One (a bar), or at most one (a ring and a bar).
fn one(out: &mut String, (x, y): (f64, f64), side: f64, optional: bool) {
    let bar = |at: f64| format!("M{} {}v10", x + side * at, y - 5.0);
    if optional {
        _ = write!(out, "<path class=\"line\" d=\"{}\"/>", bar(6.0));
        ring(out, x + side * 13.0, y);
    } else {
        _ = write!(out, "<path class=\"line\" d=\"{}{}\"/>", bar(6.0), bar(10.0));
    }
}

/// None or many: a ring and a crow's foot.
fn many(out: &mut String, (x, y): (f64, f64), side: f64) {
    let tip = x + side * 10.0;
    _ = write!(out, "<path class=\"line\" d=\"M{x} {}L{tip} {y}L{x} {}\"/>", y - 6.0, y + 6.0);
    ring(out, x + side * 14.0, y);
}

fn ring(out: &mut String, x: f64, y: f64) {
    _ = write!(out, "<circle class=\"ring\" cx=\"{x}\" cy=\"{y}\" r=\"4\"/>");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
