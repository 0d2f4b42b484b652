// Answers of the tunnel itself, in plain words: as text, or as JSON in the form that completion clients expect.
import type { Fields, ResponseHead } from '../wire/frames.ts';
import { fieldOf } from './fields.ts';

export type Problem =
  | 'BAD_REQUEST'
  | 'NO_KEY'
  | 'WRONG_KEY'
  | 'BODY_TOO_LARGE'
  | 'HEAD_TOO_LARGE'
  | 'NOT_IMPLEMENTED'
  | 'UPSTREAM_DOWN'
  | 'UPSTREAM_CUT'
  | 'TOO_MANY'
  | 'PEER_GONE'
  | 'UPSTREAM_IDLE';

const PROBLEMS: Readonly<Record<Problem, readonly [status: number, message: string, words: string]>> = {
  BAD_REQUEST: [400, 'Bad Request', 'the request cannot be forwarded'],
  NO_KEY: [401, 'Unauthorized', 'an API key is needed: Authorization: Bearer KEY'],
  WRONG_KEY: [401, 'Unauthorized', 'the API key is not valid'],
  BODY_TOO_LARGE: [413, 'Content Too Large', 'the request body is too large'],
  HEAD_TOO_LARGE: [431, 'Request Header Fields Too Large', 'the head of the request is too large'],
  NOT_IMPLEMENTED: [501, 'Not Implemented', 'of upgrades only websocket is forwarded'],
  UPSTREAM_DOWN: [502, 'Bad Gateway', 'the published service cannot be reached'],
  UPSTREAM_CUT: [502, 'Bad Gateway', 'the published service broke off before it answered'],
  TOO_MANY: [503, 'Service Unavailable', 'too many requests at once'],
  PEER_GONE: [503, 'Service Unavailable', 'the other side of the tunnel is not connected'],
  UPSTREAM_IDLE: [504, 'Gateway Timeout', 'the published service said nothing for too long'],
};

export interface Answer {
  readonly head: ResponseHead;
  readonly body: Uint8Array;
}

/** `request` are the fields of the request; `detail` says more than the problem's own words. */
export function problemAnswer(problem: Problem, request: Fields, detail?: string): Answer {
  const [status, message, words] = PROBLEMS[problem];
  const text = detail === undefined ? words : `${words}: ${detail}`;
  const asJson = /\bapplication\/json\b/.test(fieldOf(request, 'accept') ?? '');
  const body = Buffer.from(
    asJson
      ? `${JSON.stringify({ error: { message: text, type: 'tunnel_error', param: null, code: problem.toLowerCase() } })}\n`
      : `${text}\n`,
  );
  const fields = [
    'Content-Type',
    asJson ? 'application/json' : 'text/plain; charset=utf-8',
    'Content-Length',
    String(body.length),
  ];
  if (status === 401) fields.push('WWW-Authenticate', 'Bearer');
  if (status === 503) fields.push('Retry-After', '1');
  return { head: { status, message, fields }, body };
}
