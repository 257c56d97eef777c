// What the tests ask of a Function, by path.
const answers = {
  '/event': (event, context) => {
    const fields = Object.keys(event).filter((name) => name.startsWith('ce-')).sort();
    return { data: event.data, fields: fields.map((name) => [name, event[name]]), context };
  },
  '/text': () => '42',
  '/number': () => 42,
  '/nothing': () => undefined,
  '/method': (event) => event.extensions.request.method,
  '/query': (event) => event.extensions.request.query.id,
  '/length': (event) => event.data.length,
  '/dependency': () => require('ms')('2 days'),
  '/fails': () => { throw new Error('made to fail'); },
  '/rejects': () => Promise.reject(new Error('made to fail')),
  '/slow': () => new Promise((resolve) => setTimeout(() => resolve('late'), 3000)),
  '/hold': (event) => new Promise((resolve) => setTimeout(() => resolve(event.data.length), 1000)),
  // The most memory that this process has had, in KiB.
  '/peak': () => /VmHWM:\s+(\d+)/.exec(require('fs').readFileSync('/proc/self/status', 'utf8'))[1],
  '/created': (event) => { event.extensions.response.status(201).set('X-Made', 'up').json({ made: 'up' }); },
};

module.exports = {
  main: (event, context) => answers[event.extensions.request.path](event, context),
  // As in the documentation.
  documented: function (event, context) {
    if (event.extensions.request.query.id === undefined) {
      res = event.extensions.response;
      res.status(400)
      return
    }
    return "42"
  },
};
