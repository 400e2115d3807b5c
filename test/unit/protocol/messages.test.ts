// The protocol as JSON: messages.golden.json holds each message and request with every field. What a schema
// gives back must be the golden message itself, so that a renamed, dropped or newly required field shows.
import { describe, expect, it } from 'vitest';
import {
  clientMessageSchema,
  protocolVersion,
  type RequestName,
  requests,
  serverMessageSchema,
  serverRecordSchema,
} from '../../../backend/protocol/messages';
import golden from './messages.golden.json';

describe('messages', () => {
  it('has a golden message of every kind, and of every request', () => {
    expect(Object.keys(golden.requests).sort()).toEqual(Object.keys(requests).sort());
    expect(new Set(golden.client.map(({ kind }) => kind))).toEqual(new Set(['request', 'cancel']));
    const kinds = ['hello', 'response', 'progress', 'events', 'runsChanged', 'subscriptionEnded', 'debugEnded'];
    expect([...new Set(golden.server.map(({ kind }) => kind))]).toEqual(kinds);
  });

  it.each(golden.client)('client → server: $kind', (message) => {
    expect(clientMessageSchema.parse(message)).toEqual(message);
  });

  it.each(golden.server)('server → client: $kind', (message) => {
    expect(serverMessageSchema.parse(message)).toEqual(message);
  });

  it.each(Object.entries(golden.requests))('%s', (name, { params, result }) => {
    const request = requests[name as RequestName];
    expect(request.params.parse(params)).toEqual(params);
    expect(request.result.parse(result)).toEqual(result);
  });

  it('reads the record of a server', () => {
    expect(serverRecordSchema.parse(golden.record)).toEqual(golden.record);
    expect(golden.record.protocol).toBe(protocolVersion);
  });

  it('fills in what a request may leave out', () => {
    expect(requests.startRun.params.parse({ runFile: 'a' })).toEqual({
      runFile: 'a',
      overrides: [],
      startNow: false,
      settings: {},
    });
    expect(requests.readSamples.params.parse({ run: 'a', step: 1 })).toEqual({ run: 'a', step: 1, filter: {} });
  });
});
