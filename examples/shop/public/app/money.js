// Exact money. The API is asked for prices as text (price::text), which is turned into whole cents: a price such as 0.10
// has no exact binary fraction, so adding prices as JavaScript numbers would be wrong sooner or later.

/** "12.90" → 1290 */
export function cents(text) {
  const match = /^(-?)(\d+)(?:\.(\d{1,2}))?$/.exec(text);
  if (!match) throw new Error(`not an amount of money: ${text}`);
  const [, sign, whole, part = ''] = match;
  const amount = Number(whole) * 100 + Number(part.padEnd(2, '0'));
  return sign ? -amount : amount;
}

/** 1290 → "12.90": what the API is sent. */
export const decimal = (amount) => `${Math.trunc(amount / 100)}.${String(amount % 100).padStart(2, '0')}`;

/** 129000 → "€1,290.00": what people read. */
export const euro = (amount) => {
  const [whole, part] = decimal(amount).split('.');
  return `€${whole.replace(/\B(?=(\d{3})+$)/g, ',')}.${part}`;
};

const SHIPPING = { standard: 490, express: 1290, pickup: 0 };
const FREE_FROM = 6000;

/** The tariff that the constraint orders_shipping_tariff demands. */
export const shippingCost = (method, subtotal) =>
  method === 'standard' && subtotal >= FREE_FROM ? 0 : SHIPPING[method];
