package sysinfo

import (
	"runtime"
	"testing"
	"testing/fstest"
)

func TestFreeMemoryOfThisMachine(t *testing.T) {
	if got := FreeMemory(); runtime.GOOS == "linux" && (got.Free < 1<<20 || got.Free > 1<<50) {
		t.Errorf("FreeMemory() = %+v", got)
	}
}

// The limit is that of the group with the least memory left, among the process's group and
// its ancestors.
func TestFreeMemory(t *testing.T) {
	const (
		meminfo = "MemTotal: 9000000 kB\nMemAvailable:  1000000 kB\n"
		v2      = "30 22 0:27 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw\n"
		v1      = "34 30 0:31 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n"
		hybrid  = v1 + "40 30 0:37 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
	)
	machine := Memory{Free: 1000000 << 10}
	for _, c := range []struct {
		name  string
		files map[string]string
		want  Memory
	}{
		{"nothing known", nil, Memory{}},
		{"no groups", map[string]string{"proc/meminfo": meminfo}, machine},
		{"version 2, own group", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/user/job\n", "proc/self/mountinfo": v2,
			"sys/fs/cgroup/user/job/memory.max": "200000000\n", "sys/fs/cgroup/user/job/memory.current": "50000000\n",
		}, Memory{150000000, "control group /user/job"}},
		{"version 2, pages of files can go", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/job\n", "proc/self/mountinfo": v2,
			"sys/fs/cgroup/job/memory.max": "200000000\n", "sys/fs/cgroup/job/memory.current": "190000000\n",
			"sys/fs/cgroup/job/memory.stat": "anon 20000000\nfile 170000000\ninactive_file 150000000\n",
		}, Memory{160000000, "control group /job"}},
		{"version 2, the group above", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/user/job\n", "proc/self/mountinfo": v2,
			"sys/fs/cgroup/user/job/memory.max": "max\n", "sys/fs/cgroup/user/job/memory.current": "50000000\n",
			"sys/fs/cgroup/user/memory.max": "300000000\n", "sys/fs/cgroup/user/memory.current": "100000000\n",
		}, Memory{200000000, "control group /user"}},
		{"version 2, no limit", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/job\n", "proc/self/mountinfo": v2,
			"sys/fs/cgroup/job/memory.max": "max\n",
		}, machine},
		{"version 2, more than there is", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/job\n", "proc/self/mountinfo": v2,
			"sys/fs/cgroup/job/memory.max": "2000000000000\n",
		}, machine},
		{"version 2, used up", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/job\n", "proc/self/mountinfo": v2,
			"sys/fs/cgroup/job/memory.max": "1000\n", "sys/fs/cgroup/job/memory.current": "1001\n",
		}, Memory{1, "control group /job"}},
		{"version 1", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "4:cpu,memory:/a/b\n0::/\n", "proc/self/mountinfo": hybrid,
			"sys/fs/cgroup/memory/a/b/memory.limit_in_bytes": "200000000\n", "sys/fs/cgroup/memory/a/b/memory.usage_in_bytes": "60000000\n",
			"sys/fs/cgroup/memory/a/b/memory.stat":       "inactive_file 7\ntotal_inactive_file 10000000\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
		}, Memory{150000000, "control group /a/b"}},
		{"a container that shows its own group as the root", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/\n", "proc/self/mountinfo": v2,
			"sys/fs/cgroup/memory.max": "200000000\n",
		}, Memory{200000000, "control group /"}},
		{"a container whose groups are mounted from the middle", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "4:memory:/docker/abc/job\n",
			"proc/self/mountinfo":                             "34 30 0:31 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
			"sys/fs/cgroup/memory/job/memory.limit_in_bytes":  "9223372036854771712\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes":      "200000000\n",
			"sys/fs/cgroup/memory/docker/abc/memory.limit_in": "1\n",
		}, Memory{200000000, "control group /docker/abc"}},
		{"a group outside of the container", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/../other\n", "proc/self/mountinfo": v2,
			"sys/fs/cgroup/memory.max": "200000000\n",
		}, Memory{200000000, "control group /"}},
		{"a path with spaces", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/my job\n",
			"proc/self/mountinfo":         "30 22 0:27 / /my\\040groups rw - cgroup2 cgroup2 rw\n",
			"my groups/my job/memory.max": "200000000\n",
		}, Memory{200000000, "control group /my job"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := fstest.MapFS{}
			for path, text := range c.files {
				root[path] = &fstest.MapFile{Data: []byte(text)}
			}
			if got := freeMemory(root); got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}
