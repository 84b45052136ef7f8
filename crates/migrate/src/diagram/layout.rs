//! Where the boxes and lines of a picture go: tables in layers, those referred to left of those that refer to them; long
//! lines pass between the boxes of the layers they cross.

use std::collections::BTreeMap;

use super::model::{Entity, Model};

pub(super) const CHARACTER: f64 = 7.3;
pub(super) const ROW: f64 = 20.0;
pub(super) const HEADER: f64 = 28.0;
const PADDING: f64 = 12.0;
const MARGIN: f64 = 24.0;
/// Between two boxes of a layer.
const GAP: f64 = 28.0;
/// Between the lines of a channel, and beside them.
const TRACK: f64 = 10.0;
const CHANNEL_SIDE: f64 = 26.0;
const SWEEPS: usize = 12;

/// A box; `x` and `y` are its upper left corner.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

pub(super) struct Layout {
    pub width: f64,
    pub height: f64,
    /// A place for each entity.
    pub places: Vec<Place>,
    /// The corners of each edge, from the parent to the child; empty for an edge of an entity to itself.
    pub lines: Vec<Vec<(f64, f64)>>,
}

/// Something with a place in a layer: an entity, or a line that passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Node {
    Entity(usize),
    Passing { edge: usize, layer: usize },
}

struct Grid<'m> {
    model: &'m Model,
    layers: Vec<Vec<Node>>,
    /// For each edge the nodes it goes through, from left to right.
    chains: Vec<Vec<Node>>,
}

impl Layout {
    pub fn of(model: &Model) -> Self {
        let mut grid = Grid::of(model);
        grid.untangle();
        grid.place()
    }
}

impl<'m> Grid<'m> {
    fn of(model: &'m Model) -> Self {
        let layer_of = layers(model);
        let count = layer_of.iter().max().map_or(0, |last| last + 1);
        let mut layers: Vec<Vec<Node>> = vec![Vec::new(); count];
        for (entity, layer) in layer_of.iter().enumerate() {
            layers[*layer].push(Node::Entity(entity));
        }
        let mut chains = Vec::new();
        for (number, edge) in model.edges.iter().enumerate() {
            let (mut left, mut right) = (edge.parent, edge.child);
            if layer_of[left] > layer_of[right] {
                std::mem::swap(&mut left, &mut right);
            }
            let mut chain = vec![Node::Entity(left)];
            let (first, last) = (layer_of[left] + 1, layer_of[right]);
            for (layer, nodes) in layers.iter_mut().enumerate().take(last).skip(first) {
                let node = Node::Passing { edge: number, layer };
                nodes.push(node);
                chain.push(node);
            }
            chain.push(Node::Entity(right));
            chains.push(if edge.parent == edge.child { Vec::new() } else { chain });
        }
        Self { model, layers, chains }
    }

    /// Orders each layer by where the neighbours of its nodes are, back and forth.
    fn untangle(&mut self) {
        for sweep in 0..SWEEPS {
            let from_left = sweep % 2 == 0;
            let range: Vec<usize> = match from_left {
                true => (0..self.layers.len()).collect(),
                false => (0..self.layers.len()).rev().collect(),
            };
            for layer in range {
                let weights = self.weights(layer, from_left);
                self.layers[layer].sort_by(|left, right| weights[left].total_cmp(&weights[right]));
            }
        }
    }

    /// The mean position of each node's neighbours on one side; its own position without any.
    fn weights(&self, layer: usize, from_left: bool) -> BTreeMap<Node, f64> {
        let position = |node: &Node| {
            self.layers.iter().find_map(|nodes| {
                let at = nodes.iter().position(|other| other == node)?;
                Some((at as f64 + 0.5) / nodes.len() as f64)
            })
        };
        let mut weights = BTreeMap::new();
        for (own, node) in self.layers[layer].iter().enumerate() {
            let neighbours: Vec<f64> = self
                .chains
                .iter()
                .flat_map(|chain| chain.windows(2))
                .filter_map(|pair| match from_left {
                    true => (pair[1] == *node).then_some(pair[0]),
                    false => (pair[0] == *node).then_some(pair[1]),
                })
                .filter_map(|neighbour| position(&neighbour))
                .collect();
            let weight = match neighbours.len() {
                0 => (own as f64 + 0.5) / self.layers[layer].len() as f64,
                count => neighbours.iter().sum::<f64>() / count as f64,
            };
            weights.insert(*node, weight);
        }
        weights
    }

    fn place(&self) -> Layout {
        let height = |node: &Node| match node {
            Node::Entity(entity) => box_height(&self.model.entities[*entity]),
            Node::Passing { .. } => 0.0,
        };
        let heights: Vec<f64> = self
            .layers
            .iter()
            .map(|nodes| nodes.iter().map(|node| height(node) + GAP).sum::<f64>() - GAP)
            .collect();
        let tallest = heights.iter().copied().fold(0.0, f64::max);
        let mut spots: BTreeMap<Node, Place> = BTreeMap::new();
        let mut x = MARGIN;
        for (number, nodes) in self.layers.iter().enumerate() {
            let widths = nodes.iter().map(|node| match node {
                Node::Entity(entity) => box_width(&self.model.entities[*entity]),
                Node::Passing { .. } => 0.0,
            });
            let width = widths.fold(0.0, f64::max);
            let mut y = MARGIN + (tallest - heights[number]) / 2.0;
            for node in nodes {
                let own = height(node);
                spots.insert(*node, Place { x, y, width, height: own });
                y += own + GAP;
            }
            x += width + self.channel_width(number);
        }
        let last_channel = self.layers.len().checked_sub(1).map_or(0.0, |last| self.channel_width(last));
        let lines = self.lines(&spots);
        let places = (0..self.model.entities.len()).map(|entity| spots[&Node::Entity(entity)]).collect();
        Layout {
            width: x - last_channel + MARGIN + TRACK * 2.0,
            height: tallest + MARGIN * 2.0,
            places,
            lines,
        }
    }

    /// The lines that leave a layer to the right: edge and step of its chain, in the order of their tracks.
    fn channel(&self, layer: usize) -> Vec<(usize, usize)> {
        let mut crossing = Vec::new();
        for (edge, chain) in self.chains.iter().enumerate() {
            for (step, pair) in chain.windows(2).enumerate() {
                if self.layers[layer].contains(&pair[0]) {
                    crossing.push((edge, step));
                }
            }
        }
        crossing
    }

    fn channel_width(&self, layer: usize) -> f64 {
        CHANNEL_SIDE * 2.0 + self.channel(layer).len() as f64 * TRACK
    }

    fn lines(&self, spots: &BTreeMap<Node, Place>) -> Vec<Vec<(f64, f64)>> {
        let mut lines: Vec<Vec<(f64, f64)>> = vec![Vec::new(); self.chains.len()];
        for layer in 0..self.layers.len() {
            let mut channel = self.channel(layer);
            // upper targets get the tracks further right when the line goes up, further left when it goes down
            channel.sort_by(|left, right| {
                self.end(spots, *left, 1).total_cmp(&self.end(spots, *right, 1)).reverse()
            });
            for (track, (edge, step)) in channel.into_iter().enumerate() {
                let place = spots[&self.chains[edge][step]];
                let middle = place.x + place.width + CHANNEL_SIDE + track as f64 * TRACK;
                let next = spots[&self.chains[edge][step + 1]];
                let (from, to) = (self.end(spots, (edge, step), 0), self.end(spots, (edge, step), 1));
                let start = place.x + place.width;
                lines[edge].extend([(start, from), (middle, from), (middle, to), (next.x, to)]);
            }
        }
        for (edge, line) in lines.iter_mut().enumerate() {
            line.sort_by(|left, right| left.0.total_cmp(&right.0));
            line.dedup();
            let chain = &self.chains[edge];
            if chain.first() != Some(&Node::Entity(self.model.edges[edge].parent)) {
                line.reverse();
            }
        }
        lines
    }

    /// The height at which a line leaves (0) or meets (1) the nodes of a step.
    fn end(&self, spots: &BTreeMap<Node, Place>, (edge, step): (usize, usize), side: usize) -> f64 {
        let node = self.chains[edge][step + side];
        let place = spots[&node];
        match node {
            Node::Passing { .. } => place.y,
            Node::Entity(entity) => {
                let edge = &self.model.edges[edge];
                let row = if entity == edge.parent { edge.parent_row } else { edge.child_row };
                place.y + row_middle(row)
            }
        }
    }
}

/// The layer of each entity: one further right than all it refers to, circles cut where they are first closed.
fn layers(model: &Model) -> Vec<usize> {
    let mut layer_of = vec![None; model.entities.len()];
    for entity in 0..model.entities.len() {
        assign(model, entity, &mut layer_of, &mut Vec::new());
    }
    layer_of.into_iter().map(|layer| layer.unwrap_or(0)).collect()
}

fn assign(model: &Model, entity: usize, layer_of: &mut [Option<usize>], path: &mut Vec<usize>) -> usize {
    if let Some(layer) = layer_of[entity] {
        return layer;
    }
    path.push(entity);
    let mut layer = 0;
    for edge in model.edges.iter().filter(|edge| edge.child == entity) {
        if !path.contains(&edge.parent) {
            layer = layer.max(assign(model, edge.parent, layer_of, path) + 1);
        }
    }
    path.pop();
    layer_of[entity] = Some(layer);
    layer
}

fn box_width(entity: &Entity) -> f64 {
    let rows = entity.rows.iter().map(|row| {
        let keys = row.keys.join(" ").chars().count();
        row.name.chars().count() + row.ty.chars().count() + keys + 5
    });
    let characters = rows.chain([entity.name.chars().count() + 2]).max().unwrap_or(0);
    characters as f64 * CHARACTER + PADDING * 2.0
}

fn box_height(entity: &Entity) -> f64 {
    HEADER + entity.rows.len() as f64 * ROW + 6.0
}

/// Where a row's line meets the box, from its top.
pub(super) fn row_middle(row: usize) -> f64 {
    HEADER + row as f64 * ROW + ROW / 2.0 + 2.0
}
