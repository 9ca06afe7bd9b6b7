-- For wrk: each request is another one, whole, out of a file of them, NUL between two.
-- wrk -t 1 -s bench/load.lua <address> -- <file> <once or again>
-- `once`: each is asked for once, and it ends with the last answer; else the file is begun again.
local tried = false  -- wrk asks for one beforehand, which is not sent

function init(args)
   local file = assert(io.open(args[1], "rb"))
   local all = file:read("*a")
   file:close()
   once, records, sent, answered, seen = args[2] == "once", {}, 0, 0, {}
   for record in all:gmatch("[^%z]+") do
      records[#records + 1] = record
   end
   if once then
      response = count_answer
   end
end

function request()
   if not tried then
      tried = true
      return records[1]
   end
   if once and sent >= #records then
      return ""
   end
   sent = sent + 1
   return records[(sent - 1) % #records + 1]
end

function count_answer(status)
   answered = answered + 1
   seen[status] = (seen[status] or 0) + 1
   if answered >= #records then
      local statuses = {}
      for status, times in pairs(seen) do
         statuses[#statuses + 1] = string.format('"%d": %d', status, times)
      end
      io.write("\n{" .. table.concat(statuses, ", ") .. "}\n")
      io.flush()
      os.exit(0)  -- wrk itself would wait until its time is over
   end
end

function done(summary, latency)
   local errors = summary.errors
   io.write(string.format(
      '\n{"requests": %d, "seconds": %.6f, "refused": %d, "broken": %d, "p50": %.6f, "p99": %.6f, "slowest": %.6f}\n',
      summary.requests, summary.duration / 1e6, errors.status,
      errors.connect + errors.read + errors.write + errors.timeout,
      latency:percentile(50) / 1e6, latency:percentile(99) / 1e6, latency.max / 1e6))
end
