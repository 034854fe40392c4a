import { DcuError } from '../base/errors.ts';

/** Sent with every answer. Styles are set inline by the component library; scripts never are. */
export const securityHeaders = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; '),
  'strict-transport-security': 'max-age=31536000',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
} as const;

const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Refuses changes that another site could have made a browser send: they need a header that a plain form or
 * a cross-origin request without preflight cannot carry, JSON as content type, and no foreign Origin.
 */
export function refuseForgery(request: Request): void {
  if (safeMethods.has(request.method)) return;
  if (request.headers.get('x-opendcu') !== '1') {
    throw new DcuError('forbidden', 'Requests that change something need the header "x-opendcu: 1".');
  }
  const origin = request.headers.get('origin');
  if (origin !== null && origin !== `https://${request.headers.get('host') ?? new URL(request.url).host}`) {
    throw new DcuError('forbidden', 'This request comes from another site.');
  }
  const type = request.headers.get('content-type');
  if (request.body !== null && type?.split(';')[0]?.trim().toLowerCase() !== 'application/json') {
    throw new DcuError('invalid-argument', 'The content type must be application/json.');
  }
}
