import { defineClass } from './define-class.ts';

export const SMTP_SETUP = defineClass({
  id: 46,
  name: 'SMTP setup',
  versions: [0],
  attributes: [
    ['server_port', 'long-unsigned', 'static'],
    ['user_name', 'octet-string', 'static'],
    ['login_password', 'octet-string', 'static'],
    ['server_address', 'octet-string', 'static'],
    ['sender_address', 'octet-string', 'static'],
  ],
});
