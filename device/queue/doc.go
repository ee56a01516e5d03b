// Package queue is what devices with one in-order queue have in common:
// buffers and their spoiled parts, the queue, the rules for errors. What is left
// to such a device is the hardware; see Engine.
package queue
