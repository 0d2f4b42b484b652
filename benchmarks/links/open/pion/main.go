// A pion peer that opens connections for benchmarks/links/open. Lines of JSON come by stdin and go to stdout: commands and
// signaling in, signaling and times out. Times are of CLOCK_MONOTONIC, which is the other stacks' clock as well.
package main

import (
	"bufio"
	"encoding/json"
	"os"
	"sync"
	"syscall"
	"unsafe"

	"github.com/pion/webrtc/v3"
)

type line struct {
	ID          int                        `json:"id"`
	Type        string                     `json:"type"`
	Description *webrtc.SessionDescription `json:"description,omitempty"`
	Candidate   *webrtc.ICECandidateInit   `json:"candidate,omitempty"`
	Millis      float64                    `json:"millis,omitempty"`
}

var (
	out         sync.Mutex
	encoder     = json.NewEncoder(os.Stdout)
	connections = map[int]*webrtc.PeerConnection{}
)

func main() {
	decoder := json.NewDecoder(bufio.NewReaderSize(os.Stdin, 1<<20))
	for {
		var in line
		if decoder.Decode(&in) != nil {
			return
		}
		pc := connections[in.ID]
		switch in.Type {
		case "open":
			say(line{ID: in.ID, Type: "started", Millis: now()})
			pc = create(in.ID)
			channel, err := pc.CreateDataChannel("0", nil)
			check(err)
			use(in.ID, channel)
			offer, err := pc.CreateOffer(nil)
			check(err)
			check(pc.SetLocalDescription(offer))
			say(line{ID: in.ID, Type: "offer", Description: &offer})
		case "offer":
			id := in.ID
			pc = create(id)
			pc.OnDataChannel(func(channel *webrtc.DataChannel) { use(id, channel) })
			check(pc.SetRemoteDescription(*in.Description))
			answer, err := pc.CreateAnswer(nil)
			check(err)
			check(pc.SetLocalDescription(answer))
			say(line{ID: id, Type: "answer", Description: &answer})
		case "answer":
			check(pc.SetRemoteDescription(*in.Description))
		case "candidate":
			if pc != nil {
				check(pc.AddICECandidate(*in.Candidate))
			}
		case "close":
			if pc != nil {
				go pc.Close()
			}
			delete(connections, in.ID)
		}
	}
}

func create(id int) *webrtc.PeerConnection {
	pc, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	check(err)
	pc.OnICECandidate(func(candidate *webrtc.ICECandidate) {
		if candidate != nil {
			init := candidate.ToJSON()
			say(line{ID: id, Type: "candidate", Candidate: &init})
		}
	})
	pc.OnICEConnectionStateChange(func(state webrtc.ICEConnectionState) {
		if state == webrtc.ICEConnectionStateConnected {
			say(line{ID: id, Type: "ice", Millis: now()})
		}
	})
	pc.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		if state == webrtc.PeerConnectionStateConnected {
			say(line{ID: id, Type: "dtls", Millis: now()})
		}
	})
	connections[id] = pc
	return pc
}

func use(id int, channel *webrtc.DataChannel) {
	channel.OnMessage(func(webrtc.DataChannelMessage) { say(line{ID: id, Type: "first", Millis: now()}) })
	channel.OnOpen(func() {
		say(line{ID: id, Type: "opened", Millis: now()})
		channel.Send(make([]byte, 64))
	})
}

func say(l line) {
	out.Lock()
	defer out.Unlock()
	encoder.Encode(l)
}

func now() float64 {
	var time syscall.Timespec
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, 1, uintptr(unsafe.Pointer(&time)), 0)
	return float64(time.Sec)*1e3 + float64(time.Nsec)/1e6
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
