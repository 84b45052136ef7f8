// Signing in: a token is pasted, kept in this browser and sent with every request.

import { api, claimsOf, keepToken, rows, userId } from './api.js';
import { byId, h } from './dom.js';

/** The name behind the token: a customer's own row, or a colleague's. Null when the server knows neither. */
export async function whoAmI() {
  const find = (table) => rows(api().from(table).select('full_name').eq('id', userId()).maybeSingle());
  try {
    const person = (await find('customers')) ?? (await find('staff'));
    return person?.full_name ?? 'Signed in';
  } catch {
    keepToken(null); // expired, or from another server
    return null;
  }
}

export function openAccount(onChange) {
  const dialog = byId('account');
  const close = h('button', { type: 'button', class: 'close', 'aria-label': 'Close', onclick: () => dialog.close() }, '×');
  const end = async (jwt) => {
    keepToken(jwt);
    dialog.close();
    await onChange();
  };
  dialog.replaceChildren(close, ...(userId() ? signedIn(end) : signedOut(end)));
  dialog.showModal();
}

const signedIn = (end) => [
  h('h2', { id: 'account-title' }, 'You are signed in'),
  h('p', { class: 'fine' }, userId()),
  h('button', { type: 'button', class: 'pill', onclick: () => end(null) }, 'Sign out'),
];

function signedOut(end) {
  const problem = h('p', { class: 'fine problem', role: 'alert' });
  const form = h('form', {},
    h('label', {}, 'Token', h('textarea', { name: 'token', rows: 5, required: true, spellcheck: 'false', autocomplete: 'off' })),
    problem,
    h('button', { type: 'submit', class: 'pill strong' }, 'Sign in'));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const jwt = form.elements.token.value.trim();
    if (claimsOf(jwt)) end(jwt);
    else problem.replaceChildren('This is not a token of a person.');
  });
  return [
    h('h2', { id: 'account-title' }, 'Sign in with a token'),
    h('p', {}, 'Print one in the terminal and paste it here:'),
    h('pre', {}, 'mainstay keys --user a11ce000-0000-4000-8000-000000000001'),
    form,
  ];
}
