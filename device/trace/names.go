package trace

import (
	"fmt"

	"offload/device"
)

// names are the entries that name processes and threads, and put them in order.
// Workers that have no event have no track.
func names(devices []device.Info, events []device.Event) []chromeEvent {
	workers := make([]int, len(devices)) // of which there are tiles
	decisions := false
	for i := range events {
		switch e := &events[i]; {
		case e.Kind == device.EventDecision:
			decisions = true
		case e.Kind == device.EventTile && e.Device < len(workers):
			workers[e.Device] = max(workers[e.Device], e.Worker+1)
		}
	}
	var list []chromeEvent
	if decisions {
		list = append(list, process(schedulerProcess, "scheduler")...)
		list = append(list, thread(schedulerProcess, 0, "decisions")...)
	}
	for d, info := range devices {
		list = append(list, process(d+1, title(devices, d))...)
		list = append(list, thread(d+1, 0, info.Backend+" queue")...)
		for w := range workers[d] {
			list = append(list, thread(d+1, w+1, fmt.Sprintf("worker %d", w))...)
		}
	}
	return list
}

// title names a device, with a number where several are called the same.
func title(devices []device.Info, d int) string {
	text := fmt.Sprintf("%s (%s)", devices[d].Backend, devices[d].Name)
	earlier := 0
	for _, other := range devices[:d] {
		if other.Backend == devices[d].Backend {
			earlier++
		}
	}
	if earlier > 0 {
		text += fmt.Sprintf(", opened as number %d", earlier+1)
	}
	return text
}

func process(pid int, name string) []chromeEvent {
	return []chromeEvent{
		{Name: "process_name", Phase: "M", Process: pid, Args: map[string]any{"name": name}},
		{Name: "process_sort_index", Phase: "M", Process: pid, Args: map[string]any{"sort_index": pid}},
	}
}

func thread(pid, tid int, name string) []chromeEvent {
	return []chromeEvent{
		{Name: "thread_name", Phase: "M", Process: pid, Thread: tid, Args: map[string]any{"name": name}},
		{Name: "thread_sort_index", Phase: "M", Process: pid, Thread: tid, Args: map[string]any{"sort_index": tid}},
	}
}
