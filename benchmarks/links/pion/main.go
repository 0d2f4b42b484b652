// A pion peer for benchmarks/links: messages of 64 KiB less a byte one way, counted where they arrive. Its description goes to stdout as a
// line of JSON when gathering is over, the other one's comes by stdin; the answerer then prints its goodput in Mbit/s.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v3"
)

const (
	messageBytes = 65535 // what this version reads messages into: a longer one ends the channel
	bufferBytes  = 4 * 1024 * 1024
)

func main() {
	warmUp, seconds := seconds(os.Args[2]), seconds(os.Args[3])
	pc, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	check(err)
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	if os.Args[1] == "offer" {
		channel, err := pc.CreateDataChannel("bulk", nil)
		check(err)
		low := make(chan struct{}, 1)
		channel.SetBufferedAmountLowThreshold(bufferBytes / 2)
		channel.OnBufferedAmountLow(func() {
			select {
			case low <- struct{}{}:
			default:
			}
		})
		channel.OnOpen(func() {
			message := make([]byte, messageBytes)
			for channel.Send(message) == nil {
				if channel.BufferedAmount() > bufferBytes {
					<-low
				}
			}
		})
		offer, err := pc.CreateOffer(nil)
		check(err)
		describe(pc, offer)
		check(pc.SetRemoteDescription(read(in)))
		time.Sleep(warmUp + seconds + 3*time.Second)
		return
	}
	var received atomic.Int64
	opened := make(chan struct{})
	pc.OnDataChannel(func(channel *webrtc.DataChannel) {
		channel.OnOpen(func() { close(opened) })
		channel.OnMessage(func(message webrtc.DataChannelMessage) { received.Add(int64(len(message.Data))) })
	})
	check(pc.SetRemoteDescription(read(in)))
	answer, err := pc.CreateAnswer(nil)
	check(err)
	describe(pc, answer)
	<-opened
	time.Sleep(warmUp)
	since, before := time.Now(), received.Load()
	time.Sleep(seconds)
	fmt.Println(float64(received.Load()-before) * 8 / time.Since(since).Seconds() / 1e6)
}

// Waits for all candidates, so that one line says everything.
func describe(pc *webrtc.PeerConnection, description webrtc.SessionDescription) {
	gathered := webrtc.GatheringCompletePromise(pc)
	check(pc.SetLocalDescription(description))
	<-gathered
	check(json.NewEncoder(os.Stdout).Encode(pc.LocalDescription()))
}

func read(in *bufio.Reader) (description webrtc.SessionDescription) {
	line, err := in.ReadBytes('\n')
	check(err)
	check(json.Unmarshal(line, &description))
	return
}

func seconds(text string) time.Duration {
	value, err := strconv.ParseFloat(text, 64)
	check(err)
	return time.Duration(value * float64(time.Second))
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
