// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.WireFormat;
import io.github.depthc.backend.onnx.proto.ModelProto;
import io.github.depthc.backend.onnx.proto.StringStringEntryProto;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/** ONNX files. */
public final class OnnxFiles {
    private OnnxFiles() {
    }

    /** Writes a model to a new file, piece by piece. Its weights are not in it: they are external data. */
    public static void write(ModelProto model, Path file) throws IOException {
        try (var out = new BufferedOutputStream(Files.newOutputStream(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), 1 << 16)) {
            model.writeTo(out);
        }
    }

    /** The model with one more of ONNX's metadata properties, which runtimes pass over. */
    public static ModelProto withProperty(ModelProto model, String key, String value) {
        return model.toBuilder().addMetadataProps(StringStringEntryProto.newBuilder().setKey(key).setValue(value)).build();
    }

    /**
     * A metadata property of a file, read without its graph and without the generated classes, which take long to load.
     *
     * @throws InvalidProtocolBufferException if the file is no ONNX model
     */
    public static Optional<String> property(Path file, String key) throws IOException {
        int wanted = tag(ModelProto.METADATA_PROPS_FIELD_NUMBER);
        Optional<String> found = Optional.empty();
        try (var in = new BufferedInputStream(Files.newInputStream(file))) {
            CodedInputStream fields = CodedInputStream.newInstance(in);
            fields.setSizeLimit(Integer.MAX_VALUE);
            for (int tag = fields.readTag(); tag != 0; tag = fields.readTag()) {
                if (tag == wanted) {
                    Optional<String> value = value(fields.readBytes().newCodedInput(), key);
                    found = found.isPresent() ? found : value;
                } else if (!fields.skipField(tag)) {
                    throw new InvalidProtocolBufferException("the end of a group that did not begin");
                }
            }
        }
        return found;
    }

    private static Optional<String> value(CodedInputStream entry, String key) throws IOException {
        String name = "";
        String value = "";
        for (int tag = entry.readTag(); tag != 0; tag = entry.readTag()) {
            if (tag == tag(StringStringEntryProto.KEY_FIELD_NUMBER)) {
                name = entry.readString();
            } else if (tag == tag(StringStringEntryProto.VALUE_FIELD_NUMBER)) {
                value = entry.readString();
            } else {
                entry.skipField(tag);
            }
        }
        return name.equals(key) ? Optional.of(value) : Optional.empty();
    }

    private static int tag(int field) {
        return field << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED;
    }
}
