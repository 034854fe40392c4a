import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** As much JSON as the lines between the test and its peers need: objects, arrays, strings, whole numbers, literals. */
final class Json {
    private final String text;
    private int at;

    private Json(String text) {
        this.text = text;
    }

    /** A view of an object's members. */
    record Fields(Map<?, ?> map) {
        String text(String name) {
            return (String) map.get(name);
        }

        int number(String name) {
            return ((Long) map.get(name)).intValue();
        }

        byte[] hex(String name) {
            return HexFormat.of().parseHex(text(name));
        }

        boolean has(String name) {
            return map.get(name) != null;
        }

        Fields fields(String name) {
            return new Fields((Map<?, ?>) map.get(name));
        }

        List<?> list(String name) {
            return (List<?>) map.get(name);
        }
    }

    static Fields parse(String text) {
        return new Fields((Map<?, ?>) new Json(text).value());
    }

    static String write(Object value) {
        if (value instanceof Map<?, ?> map) {
            List<String> members = new ArrayList<>();
            map.forEach((name, member) -> members.add(write(String.valueOf(name)) + ":" + write(member)));
            return "{" + String.join(",", members) + "}";
        }
        if (value instanceof List<?> list) {
            return "[" + String.join(",", list.stream().map(Json::write).toList()) + "]";
        }
        if (value instanceof Number) {
            return value.toString();
        }
        StringBuilder quoted = new StringBuilder("\"");
        for (char c : String.valueOf(value).toCharArray()) {
            if (c == '"' || c == '\\') {
                quoted.append('\\').append(c);
            }
            else {
                quoted.append(c < ' ' ? ' ' : c);
            }
        }
        return quoted.append('"').toString();
    }

    private Object value() {
        char c = next();
        if (c == '{') {
            Map<String, Object> map = new LinkedHashMap<>();
            for (char d = next(); d != '}'; d = next()) {
                if (d != ',') {
                    at--;
                }
                String name = (String) value();
                next();
                map.put(name, value());
            }
            return map;
        }
        if (c == '[') {
            List<Object> list = new ArrayList<>();
            for (char d = next(); d != ']'; d = next()) {
                if (d != ',') {
                    at--;
                }
                list.add(value());
            }
            return list;
        }
        if (c == '"') {
            int end = text.indexOf('"', at);
            String string = text.substring(at, end);
            at = end + 1;
            return string;
        }
        int start = at - 1;
        while (at < text.length() && ",]}".indexOf(text.charAt(at)) < 0) {
            at++;
        }
        String word = text.substring(start, at).strip();
        return switch (word) {
            case "null" -> null;
            case "true" -> Boolean.TRUE;
            case "false" -> Boolean.FALSE;
            default -> Long.valueOf(word);
        };
    }

    private char next() {
        while (Character.isWhitespace(text.charAt(at))) {
            at++;
        }
        return text.charAt(at++);
    }
}
