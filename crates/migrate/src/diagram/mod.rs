//! Entity-relationship pictures of a catalog: Mermaid text, and SVG that needs nothing else to be shown.

mod layout;
mod mermaid;
mod model;
mod svg;

use mainstay_catalog::Catalog;

/// The base tables and their foreign keys as a Mermaid `erDiagram`.
pub fn mermaid(catalog: &Catalog) -> String {
    mermaid::draw(&model::Model::of(catalog))
}

/// The same as a self-contained SVG document, light or dark as its viewer is.
pub fn svg(catalog: &Catalog) -> String {
    let model = model::Model::of(catalog);
    svg::draw(&model, &layout::Layout::of(&model))
}
