package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"net"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

const (
	receiveWindow   = 1 << 29
	firstSendWindow = 65535
	mostInAFrame    = 16384
	messageHead     = 5
)

// stream is one gRPC call over a connection of its own: just enough of HTTP/2 to be a correct peer, so that a thousand
// of them cost the machine little. It is used by one goroutine.
type stream struct {
	to       net.Conn
	framer   *http2.Framer
	out      *bufio.Writer
	toCall   int64 // what the server may still be sent on the call
	toAll    int64 // what the server may still be sent on the connection
	perCall  int64 // what the server allows a call to begin with
	consumed uint32
	message  []byte // what has come of a message that is not complete
}

func open(address, method string, with *tls.Config) (*stream, error) {
	connection, err := dial(address, with)
	if err != nil {
		return nil, err
	}
	out := bufio.NewWriter(connection)
	framer := http2.NewFramer(out, bufio.NewReaderSize(connection, 8192))
	framer.SetReuseFrames()
	if _, err = out.WriteString(http2.ClientPreface); err != nil {
		return nil, err
	}
	s := &stream{to: connection, framer: framer, out: out, toCall: firstSendWindow, toAll: firstSendWindow, perCall: firstSendWindow}
	return s, errors.Join(
		framer.WriteSettings(
			http2.Setting{ID: http2.SettingEnablePush, Val: 0},
			http2.Setting{ID: http2.SettingHeaderTableSize, Val: 0},
			http2.Setting{ID: http2.SettingInitialWindowSize, Val: receiveWindow},
		),
		framer.WriteWindowUpdate(0, receiveWindow),
		framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, EndHeaders: true, BlockFragment: headers(method, with)}),
	)
}

func headers(method string, with *tls.Config) []byte {
	scheme := "http"
	if with != nil {
		scheme = "https"
	}
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for _, field := range [][2]string{
		{":method", "POST"}, {":scheme", scheme}, {":path", method}, {":authority", "xds"},
		{"content-type", "application/grpc"}, {"te", "trailers"},
	} {
		_ = encoder.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]})
	}
	return block.Bytes()
}

// close sends what is written, and goes.
func (s *stream) close() error {
	return errors.Join(s.out.Flush(), s.to.Close())
}

// send writes a message; it goes out with the next flush, which the receiver does.
func (s *stream) send(message []byte) error {
	data := binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message)))
	data = append(data, message...)
	if s.toCall -= int64(len(data)); s.toCall < 0 {
		return errors.New("the server lets requests wait")
	}
	if s.toAll -= int64(len(data)); s.toAll < 0 {
		return errors.New("the server lets the connection wait")
	}
	for len(data) > 0 {
		part := data[:min(len(data), mostInAFrame)]
		if err := s.framer.WriteData(1, false, part); err != nil {
			return err
		}
		data = data[len(part):]
	}
	return nil
}

// receive gives each message to take, until the call ends; a message is valid during the call of take.
func (s *stream) receive(take func([]byte) error) error {
	for {
		if err := s.out.Flush(); err != nil {
			return err
		}
		frame, err := s.framer.ReadFrame()
		if err != nil {
			return err
		}
		if err = s.handle(frame, take); err != nil {
			return err
		}
	}
}

func (s *stream) handle(frame http2.Frame, take func([]byte) error) error {
	switch frame := frame.(type) {
	case *http2.DataFrame:
		return s.data(frame, take)
	case *http2.SettingsFrame:
		if frame.IsAck() {
			return nil
		}
		if size, ok := frame.Value(http2.SettingInitialWindowSize); ok {
			s.toCall += int64(size) - s.perCall
			s.perCall = int64(size)
		}
		return s.framer.WriteSettingsAck()
	case *http2.PingFrame:
		if frame.IsAck() {
			return nil
		}
		return s.framer.WritePing(true, frame.Data)
	case *http2.WindowUpdateFrame:
		if frame.StreamID == 0 {
			s.toAll += int64(frame.Increment)
		} else {
			s.toCall += int64(frame.Increment)
		}
	case *http2.HeadersFrame:
		if frame.StreamEnded() {
			return fmt.Errorf("the server ended the call: %v", decoded(frame.HeaderBlockFragment()))
		}
	case *http2.RSTStreamFrame:
		return fmt.Errorf("the server reset the call: %v", frame.ErrCode)
	case *http2.GoAwayFrame:
		return fmt.Errorf("the server closed the connection: %v %s", frame.ErrCode, frame.DebugData())
	}
	return nil
}

func decoded(block []byte) []hpack.HeaderField {
	fields, _ := hpack.NewDecoder(4096, nil).DecodeFull(block)
	return fields
}

func (s *stream) data(frame *http2.DataFrame, take func([]byte) error) error {
	if s.consumed += uint32(frame.Length); s.consumed > receiveWindow/4 {
		if err := errors.Join(
			s.framer.WriteWindowUpdate(0, s.consumed), s.framer.WriteWindowUpdate(1, s.consumed),
		); err != nil {
			return err
		}
		s.consumed = 0
	}
	data := frame.Data()
	if len(s.message) > 0 {
		s.message = append(s.message, data...)
		data = s.message
	}
	for len(data) >= messageHead {
		length := messageHead + int(binary.BigEndian.Uint32(data[1:]))
		if data[0] != 0 {
			return errors.New("the server compresses")
		}
		if len(data) < length {
			break
		}
		if err := take(data[messageHead:length]); err != nil {
			return err
		}
		data = data[length:]
	}
	switch {
	case len(data) == 0:
		s.message = nil // not kept: a thousand clients would hold a thousand buffers of the size of their first answer
	case len(s.message) == 0:
		s.message = append(make([]byte, 0, max(len(data), expected(data))), data...)
	case len(data) < len(s.message):
		s.message = append([]byte(nil), data...)
	default:
		s.message = data
	}
	return nil
}

// expected says how long the message at the beginning of data will be, as far as that is known.
func expected(data []byte) int {
	if len(data) < messageHead {
		return messageHead
	}
	return messageHead + int(binary.BigEndian.Uint32(data[1:]))
}
