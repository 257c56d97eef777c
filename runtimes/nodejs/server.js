'use strict';
// Serves one Function over HTTP: calls the exported handler with (event, context) for each request.
// Written for Node.js 10 and newer.

const fs = require('fs');
const http = require('http');
const path = require('path');
const express = require('express');
const prometheus = require('prom-client');

const folder = process.env.KUBELESS_INSTALL_VOLUME || '/kubeless';
const moduleName = process.env.MOD_NAME || 'handler';
const handlerName = process.env.FUNC_HANDLER || 'main';
const port = setting('FUNC_PORT', 8080);
const timeout = setting('FUNC_TIMEOUT', 180);
const readTimeout = setting('FUNC_READ_TIMEOUT', 30) * 1000;
const bodyLimit = setting('REQ_MB_LIMIT', 1) * 1024 * 1024;
const logsRequests = process.env.KYMA_INTERNAL_LOGGER_ENABLED === 'true';
const context = {
  'function-name': handlerName,
  timeout,
  runtime: process.env.FUNC_RUNTIME,
  'memory-limit': process.env.FUNC_MEMORY_LIMIT,
};

// Callers choose methods: each value of a label is a series that stays in memory.
const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const labelNames = ['method'];
const calls = new prometheus.Counter({
  name: 'function_calls_total', help: 'Calls of the Function', labelNames,
});
const failures = new prometheus.Counter({
  name: 'function_failures_total', help: 'Calls that threw, or took too long', labelNames,
});
const duration = new prometheus.Histogram({
  name: 'function_duration_seconds', help: 'How long the Function took', labelNames,
});

const handler = load();
const app = express();
app.disable('x-powered-by');
app.get('/healthz', (request, response) => response.type('text').send('OK'));
app.get('/metrics', async (request, response) => {
  response.set('Content-Type', prometheus.register.contentType).end(await prometheus.register.metrics());
});
app.use((request, response, next) => {
  // A client that sends a byte now and then would hold its connection and its body for ever.
  request.arriving = setTimeout(() => request.destroy(), readTimeout);
  readAtMost(bodyLimit + 4 * 1024 * 1024, request, response);
  next();
});
app.use(express.raw({ type: () => true, limit: bodyLimit }));
app.use((request, response, next) => {
  clearTimeout(request.arriving);
  next();
});
app.all('*', (request, response) => {
  if (logsRequests) logWhenDone(request, response);
  let event;
  try {
    event = toEvent(request, response);
  } catch (error) {
    response.status(400).type('text').send(`the body is not JSON: ${error.message}`);
    return;
  }
  call(event, methods.has(request.method) ? request.method : 'other', response);
});
// With four arguments, for errors: a body that is too large, or was cut off.
app.use((error, request, response, next) => {
  clearTimeout(request.arriving);
  if (response.headersSent) return request.destroy();
  return response.status(error.status || 500).type('text').send(error.expose ? error.message : 'Internal Server Error');
});

const server = http.createServer(app);
server.headersTimeout = readTimeout;
// Longer than a call may take: an idle connection ends, one whose call goes on does not.
server.setTimeout(timeout * 1000 + readTimeout);
server.maxConnections = 1000;
server.listen(port);
process.on('SIGTERM', () => server.close(() => process.exit(0)));
process.on('SIGINT', () => process.exit(0));
// One call that fails on its own, later, takes no others with it.
process.on('unhandledRejection', (error) => console.error('not handled:', error));

// A body that is too large is read on, so that its client sees the answer, but not without end: what is thrown away stays in
// memory for a while.
function readAtMost(bytes, request, response) {
  let size = 0;
  request.on('data', (chunk) => {
    size += chunk.length;
    if (size <= bytes || response.headersSent) return;
    response.on('finish', () => request.destroy());
    response.set('Connection', 'close').status(413).type('text').send('request entity too large');
  });
}

function setting(name, byDefault) {
  const text = process.env[name];
  if (text === undefined || text === '') return byDefault;
  const number = Number(text);
  if (!(number > 0)) fail(`${name}: "${text}" must be a number above 0`);
  return number;
}

function load() {
  const file = path.join(folder, `${moduleName}.js`);
  if (!fs.existsSync(file)) fail(`${file} is not there`);
  let loaded;
  try {
    loaded = require(file);
  } catch (error) {
    fail(`${file} cannot be loaded: ${error.stack}`);
  }
  if (typeof loaded[handlerName] !== 'function') fail(`${file} exports no function "${handlerName}"`);
  return loaded[handlerName];
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

function toEvent(request, response) {
  const type = (request.get('content-type') || '').split(';')[0].trim().toLowerCase();
  const isStructured = type === 'application/cloudevents+json';
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  let data;
  if (body.length > 0) {
    const text = body.toString('utf8');
    data = isStructured || type === 'application/json' || type.endsWith('+json') ? JSON.parse(text) : text;
  }
  const envelope = isStructured && data !== null && typeof data === 'object' ? data : {};
  const event = { data: isStructured ? envelope.data : data, extensions: { request, response } };
  for (const name of ['type', 'source', 'eventtypeversion', 'specversion', 'id', 'time']) {
    event[`ce-${name}`] = isStructured ? envelope[name] : request.get(`ce-${name}`);
  }
  return event;
}

function call(event, method, response) {
  calls.inc({ method });
  const stop = duration.startTimer({ method });
  let isOver = false;
  const over = (answer) => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    stop();
    answer();
  };
  const timer = setTimeout(() => over(() => {
    failures.inc({ method });
    console.error(`the Function took longer than ${timeout} s`);
    if (!response.headersSent) response.status(408).type('text').send('Timeout while processing the function');
  }), timeout * 1000);
  new Promise((resolve) => resolve(handler(event, context))).then(
    (result) => over(() => send(result, response)),
    (error) => over(() => {
      failures.inc({ method });
      console.error(error);
      if (!response.headersSent) response.status(500).type('text').send('Internal Server Error');
    }),
  );
}

function send(result, response) {
  // The Function has answered by itself.
  if (response.headersSent) return;
  if (result === undefined || result === null) {
    response.end();
  } else if (Buffer.isBuffer(result)) {
    response.send(result);
  } else if (typeof result === 'object') {
    response.json(result);
  } else {
    response.end(String(result));
  }
}

function logWhenDone(request, response) {
  const start = Date.now();
  response.on('finish', () => {
    console.log(`${request.method} ${request.path} ${response.statusCode} ${Date.now() - start} ms`);
  });
}
