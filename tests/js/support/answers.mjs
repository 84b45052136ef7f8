// What a test may say about an answer of supabase-js.

import assert from 'node:assert/strict';

const show = (error) => `${error.code}: ${error.message} (${error.details ?? 'no details'}; ${error.hint ?? 'no hint'})`;

/** The data of an answer that must be a success. */
export async function data(query) {
  const answer = await query;
  assert.equal(answer.error, null, answer.error ? show(answer.error) : undefined);
  return answer.data;
}

/** The number that count= asked for, of an answer that must be a success. */
export async function count(query) {
  const answer = await query;
  assert.equal(answer.error, null, answer.error ? show(answer.error) : undefined);
  return answer.count;
}

/** The error of an answer that must be a failure with this code and, where given, this status. */
export async function failure(query, code, status) {
  const answer = await query;
  assert.ok(answer.error, `expected ${code}, got status ${answer.status} and ${JSON.stringify(answer.data)?.slice(0, 300)}`);
  assert.equal(answer.error.code, code, show(answer.error));
  if (status !== undefined) assert.equal(answer.status, status, show(answer.error));
  return answer.error;
}

/** Refused for want of rights, whatever the protocol says about having shown a token. */
export async function refused(query) {
  const answer = await query;
  assert.ok(answer.error, `expected a refusal, got status ${answer.status} and ${JSON.stringify(answer.data)?.slice(0, 300)}`);
  assert.equal(answer.error.code, '42501', show(answer.error));
  assert.ok([401, 403].includes(answer.status), `status ${answer.status}`);
  return answer.error;
}
