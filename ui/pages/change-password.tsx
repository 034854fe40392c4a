import { Alert, Button, Center, Paper, PasswordInput, Stack, Text, Title } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useDocumentTitle } from '@mantine/hooks';
import { IconAlertCircle } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useNavigate } from 'react-router';
import { ApiError, type Result, request } from '../api/client.ts';
import { queryClient } from '../api/queries.ts';
import { messageOf, told } from '../parts/problem.tsx';

/** `forced`: the first thing after the first sign-in; nothing else opens before. */
export function ChangePassword({ forced = false }: { readonly forced?: boolean }) {
  useDocumentTitle('Change password · OpenDCU');
  const navigate = useNavigate();
  const form = useForm({
    initialValues: { current: '', next: '', again: '' },
    validate: {
      current: (value) => (value === '' ? 'Type in the password you have now' : null),
      next: (value, { current }) =>
        value === ''
          ? 'Type in a new password'
          : value === current
            ? 'Must differ from the current one'
            : null,
      again: (value, { next }) => (value === next ? null : 'Does not match the new password'),
    },
  });
  const change = useMutation({
    mutationFn: ({ current, next }: typeof form.values) =>
      request('POST /api/account/password', { body: { current, next } }),
    onSuccess: (data) => {
      queryClient.setQueryData<Result<'GET /api/session'>>(['session'], data);
      told('Your password has been changed.');
      void navigate('/');
    },
    onError: (error) => {
      if (error instanceof ApiError && (error.field === 'current' || error.field === 'next')) {
        form.setFieldError(error.field, error.message);
      }
    },
  });
  const unplaced = change.isError && !(change.error instanceof ApiError && change.error.field !== undefined);
  return (
    <Center mih={forced ? '100vh' : '60vh'} p={forced ? 'md' : 0}>
      <Paper withBorder shadow="sm" p="xl" w="100%" maw={420} radius="lg">
        <form onSubmit={form.onSubmit((values) => change.mutate(values))}>
          <Stack>
            <div>
              <Title order={1} size="h3">
                {forced ? 'Choose your own password' : 'Change password'}
              </Title>
              <Text c="dimmed" size="sm">
                {forced
                  ? 'The first password was made by the concentrator. Everything else opens once you have replaced it.'
                  : 'All other sessions of this account are signed out.'}
              </Text>
            </div>
            {unplaced && (
              <Alert color="red" icon={<IconAlertCircle />} role="alert">
                {messageOf(change.error)}
              </Alert>
            )}
            <PasswordInput
              label="Current password"
              autoComplete="current-password"
              {...form.getInputProps('current')}
            />
            <PasswordInput label="New password" autoComplete="new-password" {...form.getInputProps('next')} />
            <PasswordInput
              label="New password again"
              autoComplete="new-password"
              {...form.getInputProps('again')}
            />
            <Button type="submit" loading={change.isPending} mt="xs">
              Change password
            </Button>
          </Stack>
        </form>
      </Paper>
    </Center>
  );
}
