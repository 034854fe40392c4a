import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { modals } from '@mantine/modals';
import { useState } from 'react';

/** Asks before something is done that hurts. */
export function confirm(title: string, text: string, action: string, onConfirm: () => void): void {
  modals.openConfirmModal({
    title,
    children: <Text size="sm">{text}</Text>,
    labels: { confirm: action, cancel: 'Cancel' },
    confirmProps: { color: 'red' },
    onConfirm,
  });
}

/** Asks for a word to be typed in before something is done that hurts much. */
export function confirmTyped(
  title: string,
  text: string,
  word: string,
  action: string,
  onConfirm: (typed: string) => void,
): void {
  const modalId = modals.open({
    title,
    children: (
      <TypedForm
        text={text}
        word={word}
        action={action}
        onCancel={() => modals.close(modalId)}
        onConfirm={(typed) => {
          modals.close(modalId);
          onConfirm(typed);
        }}
      />
    ),
  });
}

function TypedForm({
  text,
  word,
  action,
  onCancel,
  onConfirm,
}: {
  readonly text: string;
  readonly word: string;
  readonly action: string;
  readonly onCancel: () => void;
  readonly onConfirm: (typed: string) => void;
}) {
  const [typed, setTyped] = useState('');
  const right = typed.trim() === word;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (right) onConfirm(word);
      }}
    >
      <Stack>
        <Text size="sm">{text}</Text>
        <TextInput
          label={`Type ${word} to confirm`}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          autoComplete="off"
          data-autofocus
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={onCancel}>
            Cancel
          </Button>
          <Button type="submit" color="red" disabled={!right}>
            {action}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
