-- wrk script: posts steps of events, PER of them a body, none like another; prints its findings as one line of JSON.
local per = tonumber(os.getenv("PER"))
local round = os.getenv("ROUND")
local at = os.getenv("AT")
local count = 0

function request()
  local lines = {}
  for place = 1, per do
    count = count + 1
    lines[place] = string.format(
      '{"kind":"event","item":"inbox-host","condition":"c%d-%d","severity":"warning","at":"%s.%06dZ","summary":"round %s"}',
      per, count % 500, at, count, round)
  end
  return wrk.format("POST", "/webhooks/records?source=bench", {}, table.concat(lines, "\n"))
end

function done(summary, latency, requests)
  io.write(string.format(
    '\n{"requests":%d,"seconds":%f,"p50_ms":%f,"p99_ms":%f,"failed":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write))
end
