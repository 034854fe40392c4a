import { Center, Loader } from '@mantine/core';
import { lazy, Suspense } from 'react';
import { Navigate, Route, Routes } from 'react-router';
import { LiveProvider } from './api/live.tsx';
import { useSession } from './api/queries.ts';
import { ChangePassword } from './pages/change-password.tsx';
import { Home } from './pages/home.tsx';
import { Login } from './pages/login.tsx';
import { NotFound } from './pages/not-found.tsx';
import { Problem } from './parts/problem.tsx';
import { Shell } from './shell/shell.tsx';

const Meters = lazy(() => import('./pages/meters/meters.tsx'));
const MeterPage = lazy(() => import('./pages/meter/meter.tsx'));
const Found = lazy(() => import('./pages/devices/found.tsx'));
const Blacklist = lazy(() => import('./pages/devices/blacklist.tsx'));
const DiscoveryPage = lazy(() => import('./pages/discovery/discovery.tsx'));
const MeterReading = lazy(() => import('./pages/reading/meter-reading.tsx'));
const Balance = lazy(() => import('./pages/balance/balance.tsx'));
const HeadEnd = lazy(() => import('./pages/head-end/head-end.tsx'));
const Lines = lazy(() => import('./pages/lines/lines.tsx'));
const Networks = lazy(() => import('./pages/networks/networks.tsx'));
const TaskGroups = lazy(() => import('./pages/settings/task-groups.tsx'));
const TaskItems = lazy(() => import('./pages/settings/task-items.tsx'));
const Channels = lazy(() => import('./pages/settings/channels.tsx'));
const ChannelAttributes = lazy(() => import('./pages/settings/channel-attributes.tsx'));
const Protocols = lazy(() => import('./pages/settings/protocols.tsx'));
const ProtocolAttributes = lazy(() => import('./pages/settings/protocol-attributes.tsx'));
const SystemSettings = lazy(() => import('./pages/settings/system.tsx'));
const Profiles = lazy(() => import('./pages/settings/profiles.tsx'));
const NetworkKeys = lazy(() => import('./pages/network-keys/network-keys.tsx'));
const Logbook = lazy(() => import('./pages/logs/logbook.tsx'));
const Audit = lazy(() => import('./pages/logs/audit.tsx'));

const waiting = (
  <Center mih="60vh">
    <Loader aria-label="Loading" />
  </Center>
);

/** Nobody signed in, a password to change, or the house itself. */
export function App() {
  const session = useSession();
  if (session.isPending) return waiting;
  if (session.isError) {
    return (
      <Center mih="100vh" p="md">
        <Problem error={session.error} retry={() => void session.refetch()} />
      </Center>
    );
  }
  const signedIn = session.data.session;
  if (signedIn === null) return <Login />;
  if (signedIn.account.mustChangePassword) return <ChangePassword forced />;
  return (
    <LiveProvider>
      <Shell>
        <Suspense fallback={waiting}>
          <Routes>
            <Route path="/" element={<Home />} />
            <Route path="/meters" element={<Meters />} />
            <Route path="/meters/:id" element={<MeterPage />} />
            <Route path="/found" element={<Found />} />
            <Route path="/blacklist" element={<Blacklist />} />
            <Route path="/discovery" element={<DiscoveryPage />} />
            <Route path="/reading" element={<MeterReading />} />
            <Route path="/balance" element={<Balance />} />
            <Route path="/head-end" element={<HeadEnd />} />
            <Route path="/lines" element={<Lines />} />
            <Route path="/networks" element={<Networks />} />
            <Route path="/settings/tasks" element={<TaskGroups />} />
            <Route path="/settings/task-items" element={<TaskItems />} />
            <Route path="/settings/channels" element={<Channels />} />
            <Route path="/settings/channel-attributes" element={<ChannelAttributes />} />
            <Route path="/settings/protocols" element={<Protocols />} />
            <Route path="/settings/protocol-attributes" element={<ProtocolAttributes />} />
            <Route path="/settings/system" element={<SystemSettings />} />
            <Route path="/settings/profiles" element={<Profiles />} />
            <Route path="/settings/network-keys" element={<NetworkKeys />} />
            <Route path="/settings" element={<Navigate to="/settings/tasks" replace />} />
            <Route path="/events/logbook" element={<Logbook />} />
            <Route path="/events/audit" element={<Audit />} />
            <Route path="/account/password" element={<ChangePassword />} />
            <Route path="*" element={<NotFound />} />
          </Routes>
        </Suspense>
      </Shell>
    </LiveProvider>
  );
}
