import { Alert, Button, Center, Paper, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import { IconAlertCircle } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { type Result, request } from '../api/client.ts';
import { queryClient } from '../api/queries.ts';
import { messageOf } from '../parts/problem.tsx';

export function Login() {
  useDocumentTitle('Sign in · OpenDCU');
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const login = useMutation({
    mutationFn: () => request('POST /api/session', { body: { name, password } }),
    onSuccess: (data) => queryClient.setQueryData<Result<'GET /api/session'>>(['session'], data),
    onError: () => setPassword(''),
  });
  return (
    <Center mih="100vh" p="md" component="main">
      <Paper withBorder shadow="sm" p="xl" w="100%" maw={380} radius="lg">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            login.mutate();
          }}
        >
          <Stack>
            <div>
              <Title order={1} size="h3">
                OpenDCU
              </Title>
              <Text c="dimmed" size="sm">
                Sign in to the data concentrator
              </Text>
            </div>
            {login.isError && (
              <Alert color="red" icon={<IconAlertCircle />} role="alert">
                {messageOf(login.error)}
              </Alert>
            )}
            <TextInput
              label="Name"
              name="username"
              autoComplete="username"
              autoFocus
              required
              withAsterisk={false}
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
            />
            <PasswordInput
              label="Password"
              name="password"
              autoComplete="current-password"
              required
              withAsterisk={false}
              value={password}
              onChange={(event) => setPassword(event.currentTarget.value)}
            />
            <Button type="submit" loading={login.isPending} fullWidth mt="xs">
              Sign in
            </Button>
          </Stack>
        </form>
      </Paper>
    </Center>
  );
}
