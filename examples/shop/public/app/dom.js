// Builds elements. Text only ever becomes a text node, so data cannot turn into markup.

const SVG = 'http://www.w3.org/2000/svg';

/** h('p', { class: 'x', onclick: f }, 'text', child, [more]): false, null and undefined children are left out. */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.flat(Infinity).filter((c) => c !== false && c !== null && c !== undefined));
  return node;
}

/** The drawing of a category, from art.svg. */
export function art(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(SVG, 'use');
  use.setAttribute('href', `/art.svg#${name}`);
  svg.append(use);
  return svg;
}

export const byId = (id) => document.getElementById(id);

const messages = byId('messages');

/** A short message at the edge of the page; problems stay until they are read. */
export function say(text, kind = 'note') {
  const message = h('p', { class: `message ${kind}` }, text);
  const close = h('button', { type: 'button', class: 'close', 'aria-label': 'Dismiss', onclick: () => message.remove() }, '×');
  message.append(close);
  // What is outside an open modal dialog is inert, so the messages move into it.
  (document.querySelector('dialog[open]') ?? document.body).append(messages);
  messages.append(message);
  if (kind === 'note') setTimeout(() => message.remove(), 4000);
}

export const dateOf = (timestamp) =>
  new Date(timestamp).toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric' });
