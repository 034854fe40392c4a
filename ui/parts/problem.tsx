import { Alert, Button, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconAlertTriangle } from '@tabler/icons-react';
import { ApiError } from '../api/client.ts';

/** What one can do about it, where the message itself does not say. */
const advice: Readonly<Record<string, string>> = {
  'link-timeout': 'The meter did not answer. Check its power and its address, then try again.',
  'link-refused': 'The meter or its gateway refused the connection. Check host and port.',
  'link-closed': 'The connection broke off. Try again in a moment.',
  'channel-open-failed': 'The line could not be opened. Check the channel in Setting → Channel.',
  'channel-lost': 'The line went away. Check the cable, then try again.',
  'association-refused': 'The meter refused to talk. Check authentication, client address and password.',
  'authentication-failed': 'Check the password or the keys of this meter.',
  'decryption-failed': 'Check the encryption and authentication keys of this meter.',
  'storage-full': 'Free some space on the storage of the concentrator.',
  forbidden: 'Ask an administrator for the right to do this.',
  unreachable: 'The page will work again once the concentrator can be reached.',
};

export function adviceFor(error: unknown): string | undefined {
  return error instanceof ApiError ? advice[error.code] : undefined;
}

/** The message as a sentence: the house writes them small, as parts of log lines. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const sentence = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
}

/** An error in the place of what could not be shown. */
export function Problem({ error, retry }: { readonly error: unknown; readonly retry?: () => void }) {
  const hint = adviceFor(error);
  return (
    <Alert color="red" icon={<IconAlertTriangle />} title="This did not work" maw={640} role="alert">
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{messageOf(error)}</Text>
        {hint !== undefined && <Text size="sm">{hint}</Text>}
        {retry !== undefined && (
          <Button size="xs" variant="light" color="red" onClick={retry}>
            Try again
          </Button>
        )}
      </Stack>
    </Alert>
  );
}

/** Short word that something has been done. */
export function told(message: string): void {
  notifications.show({ message, color: 'teal', autoClose: 4_000 });
}

/** Says why something has failed, with advice. */
export function failed(title: string, error: unknown): void {
  const hint = adviceFor(error);
  notifications.show({
    title,
    message: hint === undefined ? messageOf(error) : `${messageOf(error)} ${hint}`,
    color: 'red',
    autoClose: 12_000,
  });
}
