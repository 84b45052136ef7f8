// The shop's page in headless Chromium: what a visitor and a customer do there ends up in the database.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { chromium } from 'playwright-core';
import { data } from './support/answers.mjs';
import { ALICE, asService, tokenFor } from './support/clients.mjs';
import { serveShop } from './support/mainstay.mjs';

const CHROMIUM = process.env.CHROMIUM_BIN ?? '/usr/bin/chromium';
const FLAGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];
const WAIT_LIMIT_MS = 15_000;

let server;
let browser;
let page;
let complaints; // what the page wrote to the console or failed to load

before(async () => {
  server = await serveShop();
  browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
});
after(async () => {
  await browser?.close();
  await server?.close();
});

beforeEach(async () => {
  complaints = [];
  page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  page.setDefaultTimeout(WAIT_LIMIT_MS);
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('requestfailed', (request) => complaints.push(`${request.url()}: ${request.failure()?.errorText}`));
  page.on('response', (response) => response.status() >= 400 && complaints.push(`${response.status()} ${response.url()}`));
  await page.goto(server.url);
  await page.locator('.card').first().waitFor();
});
afterEach(async () => {
  await page.context().close();
  assert.deepEqual(complaints, []);
});

const cards = () => page.getByRole('list', { name: 'Products' }).getByRole('listitem');
const found = (text) => page.locator('.found', { hasText: text }).waitFor();
const dialog = (name) => page.getByRole('dialog', { name });

async function search(term) {
  await page.getByRole('searchbox', { name: 'Search products' }).fill(term);
  await page.keyboard.press('Enter');
}

/** Opens a product from the grid, chooses a version and puts so many of it into the cart. */
async function buy(name, version, quantity) {
  await page.getByRole('link', { name }).click();
  const product = dialog(name);
  await product.getByText(version, { exact: true }).click();
  await product.getByRole('spinbutton', { name: 'Quantity' }).fill(String(quantity));
  await product.getByRole('button', { name: 'Add to cart' }).click();
  await page.locator('#messages', { hasText: 'is in your cart' }).waitFor();
  await product.getByRole('button', { name: 'Close' }).click();
  await product.waitFor({ state: 'hidden' });
}

async function checkOut(fields) {
  await page.getByRole('button', { name: /^Cart/ }).click();
  await page.getByRole('button', { name: 'Check out' }).click();
  const form = dialog('Check out');
  for (const [label, value] of Object.entries(fields)) await form.getByRole('textbox', { name: label, exact: true }).fill(value);
  return form;
}

const placedNumber = async () => Number(await page.locator('#order-number').textContent());

const order = (number) =>
  data(
    asService(server).from('orders')
      .select('customer_id,guest_email,status,subtotal::text,shipping_cost::text,total::text,delivery,note,order_items(title,quantity,line_total::text),payments(status,amount::text)')
      .eq('number', number).order('title', { referencedTable: 'order_items' }).single(),
  );

describe('the shop’s page', () => {
  it('lists products and shows more of them', async () => {
    await found('288 products');
    assert.equal(await cards().count(), 24);
    await page.getByRole('button', { name: 'Show more' }).click();
    await cards().nth(47).waitFor();
    assert.equal(await cards().count(), 48);
  });

  it('filters by category and by word, and sorts by price', async () => {
    await page.getByRole('navigation', { name: 'Categories' }).getByRole('link', { name: 'Garden' }).click();
    await found('39 products');
    await page.getByRole('navigation', { name: 'Categories' }).getByRole('link', { name: 'Pots and planters' }).click();
    await found('10 products');
    await page.locator('a.brand').click();
    await found('288 products');
    await search('umbrella');
    await found('4 products');
    await page.getByLabel('Sort by').selectOption('Price, high to low');
    await page.waitForURL(/sort=dear/);
    await page.waitForFunction(() => document.querySelector('.card .name')?.textContent === 'Mizzle Umbrella');
    assert.deepEqual(await page.locator('.card .price').allTextContents(), ['€54.50', '€49.90', '€42.50', '€38.50']);
  });

  it('says so when nothing is found, whatever was typed', async () => {
    await search('100%_"\\(<img src=x onerror=alert(1)>');
    await found('0 products');
    assert.equal(await page.locator('main img').count(), 0);
  });

  it('shows a product with its versions and reviews', async () => {
    await search("alder chef's knife");
    await found('1 product');
    await page.getByRole('link', { name: "Alder Chef's Knife" }).click();
    const product = dialog("Alder Chef's Knife");
    await product.getByRole('heading', { name: '23 reviews, 3.8 of 5' }).waitFor();
    assert.equal(await product.locator('.price').textContent(), '€78.95');
    assert.equal(await product.getByRole('radio').count(), 2);
    assert.equal(await product.getByRole('article').count(), 23);
    await page.keyboard.press('Escape');
    await product.waitFor({ state: 'hidden' });
  });

  it('lets a visitor order as a guest', async () => {
    await search('brook carafe');
    await found('1 product');
    await buy('Brook Carafe', 'Set of two', 3);
    const form = await checkOut({
      'E-mail': 'guest@example.com', Name: 'Grete Gast', 'Street and number': 'Am Graben 7', 'Postal code': '8010', City: 'Graz', 'Note for the courier': 'Ring twice.',
    });
    await form.getByRole('combobox', { name: 'Country' }).selectOption('AT');
    assert.deepEqual(await form.getByRole('definition').allTextContents(), ['€94.50', '€0.00', '€94.50']);
    await form.getByRole('button', { name: 'Place order' }).click();

    await dialog('Thank you').waitFor();
    assert.deepEqual(await order(await placedNumber()), {
      customer_id: null, guest_email: 'guest@example.com', status: 'pending', subtotal: '94.50', shipping_cost: '0.00', total: '94.50',
      delivery: { city: 'Graz', street: 'Am Graben 7', country: 'AT', recipient: 'Grete Gast', postal_code: '8010' }, note: 'Ring twice.',
      order_items: [{ title: 'Brook Carafe, Set of two', quantity: 3, line_total: '94.50' }], payments: [],
    });

    await page.getByRole('link', { name: 'See my orders' }).click();
    await page.getByRole('list', { name: 'Orders' }).getByText('€94.50').waitFor();
    assert.equal(await page.locator('#cart-count').textContent(), '0');
  });

  it('lets a customer sign in, order what waits in her cart, and cancel', async () => {
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('textbox', { name: 'Token' }).fill(tokenFor(ALICE, server.keys));
    await dialog('Sign in with a token').getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('button', { name: 'Alice Nguyen' }).waitFor();
    await page.locator('#cart-count', { hasText: '6' }).waitFor();

    await page.getByRole('link', { name: 'Orders', exact: true }).click();
    const orders = page.getByRole('list', { name: 'Orders' });
    await orders.getByText('Order 10593').waitFor();
    await orders.getByText('€378.80').waitFor();
    // Exactly five, once the list has been drawn again for who signed in.
    await page.locator(':is(ul, ol):has(> li:nth-child(5)):not(:has(> li:nth-child(6)))', { hasText: 'Order 10593' }).waitFor();

    const form = await checkOut({});
    assert.equal(await form.getByRole('textbox', { name: 'Street and number' }).inputValue(), 'Schillerstraße 138');
    await form.getByRole('combobox', { name: 'Shipping' }).selectOption('express');
    assert.deepEqual(await form.getByRole('definition').allTextContents(), ['€243.80', '€12.90', '€256.70']);
    await form.getByRole('button', { name: 'Place order' }).click();

    await dialog('Thank you').waitFor();
    const number = await placedNumber();
    const placed = await order(number);
    assert.deepEqual([placed.customer_id, placed.total, placed.payments], [ALICE, '256.70', [{ status: 'authorized', amount: '256.70' }]]);
    assert.deepEqual(placed.order_items.map((i) => [i.title, i.quantity]), [
      ['Pip Building Blocks, Painted', 2], ['Tarn Reed Diffuser, Cedar', 2], ['Terra Hanging Pot, 24 cm', 2],
    ]);

    await dialog('Thank you').getByRole('button', { name: 'Close' }).click();
    await page.locator('a.brand').click();
    await found('288 products');
    await page.getByRole('link', { name: 'Orders', exact: true }).click();
    const mine = orders.locator(':scope > li', { hasText: `Order ${number}` });
    await mine.getByRole('button', { name: 'Cancel this order' }).click();
    await mine.getByText('cancelled').waitFor();
    assert.equal((await order(number)).status, 'cancelled');
  });
});
