--
-- PostgreSQL database dump
--


-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: account; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.account (
    id uuid NOT NULL,
    name character varying NOT NULL,
    password character varying NOT NULL,
    totp bytea NOT NULL,
    enrol_until timestamp with time zone,
    last_step integer NOT NULL,
    failures integer NOT NULL,
    wait_until timestamp with time zone,
    active boolean NOT NULL
);


--
-- Name: alembic_version; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);


--
-- Name: audit; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.audit (
    number integer NOT NULL,
    at timestamp with time zone NOT NULL,
    event json NOT NULL,
    mac bytea NOT NULL
);


--
-- Name: code; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.code (
    hmac bytea NOT NULL,
    wave character varying NOT NULL,
    unit character varying NOT NULL,
    state character varying NOT NULL
);


--
-- Name: draft; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.draft (
    code_hmac bytea NOT NULL,
    ciphertext bytea NOT NULL,
    key_by_code bytea NOT NULL,
    key_by_session bytea NOT NULL,
    expires_on date NOT NULL
);


--
-- Name: grant; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public."grant" (
    account uuid NOT NULL,
    study character varying NOT NULL,
    role character varying NOT NULL,
    units json
);


--
-- Name: identity; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.identity (
    hmac bytea NOT NULL,
    account uuid NOT NULL
);


--
-- Name: pair; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.pair (
    earlier character varying NOT NULL,
    later character varying NOT NULL,
    outcome json
);


--
-- Name: pair_key; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.pair_key (
    earlier character varying NOT NULL,
    key bytea NOT NULL
);


--
-- Name: response; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.response (
    id uuid NOT NULL,
    wave character varying NOT NULL,
    unit character varying NOT NULL,
    language character varying NOT NULL,
    words_hash character varying NOT NULL,
    consent_hash character varying NOT NULL,
    purposes json NOT NULL,
    layout character varying NOT NULL,
    answers json NOT NULL,
    receipt_hmac bytea NOT NULL,
    elements json,
    pair_id uuid
);


--
-- Name: session; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.session (
    token_hmac bytea NOT NULL,
    code_hmac bytea NOT NULL
);


--
-- Name: setting; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.setting (
    name character varying NOT NULL,
    value character varying NOT NULL
);


--
-- Name: snapshot; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.snapshot (
    wave character varying NOT NULL,
    base_table json NOT NULL,
    report json NOT NULL
);


--
-- Name: staff_session; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.staff_session (
    hash character varying NOT NULL,
    account uuid NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    idle_at timestamp with time zone NOT NULL,
    fresh_until timestamp with time zone NOT NULL
);


--
-- Name: study; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.study (
    id character varying NOT NULL,
    title character varying NOT NULL,
    instrument character varying NOT NULL,
    form character varying NOT NULL,
    partition_hash character varying,
    k integer NOT NULL,
    simulated boolean NOT NULL,
    context json,
    people integer,
    retire_on date
);


--
-- Name: submit_key; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.submit_key (
    hmac bytea NOT NULL,
    wave character varying NOT NULL,
    body_hmac bytea NOT NULL
);


--
-- Name: token; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.token (
    hash character varying NOT NULL,
    role character varying NOT NULL,
    study character varying NOT NULL,
    expires_at timestamp with time zone NOT NULL
);


--
-- Name: unit; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.unit (
    study character varying NOT NULL,
    id character varying NOT NULL,
    title character varying NOT NULL,
    level character varying NOT NULL,
    parent character varying
);


--
-- Name: wave; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wave (
    id character varying NOT NULL,
    study character varying NOT NULL,
    ordinal integer NOT NULL,
    form_hash character varying NOT NULL,
    words_hashes json NOT NULL,
    items_per_page integer NOT NULL,
    state character varying NOT NULL,
    opened_on date,
    closes_at timestamp with time zone
);


--
-- Data for Name: account; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.account VALUES ('6d929b95-e6d9-4fa5-bdf9-67a937d5cfb9', 'ada', '$argon2id$v=19$m=19456,t=2,p=1$rM54xe6n6ufc0MkUtwtLdw$WKc4EDYTMbW4s6wCdounNzyEhMwD4jYbhav4Dfrypgc', '\xe3e9641fc6dee38e9cf87e54dd855378a629d2d90c7db56544757a37f1eb6001ae9f45494646c114f9c30369a22b3cbc', '2026-12-08 11:00:06.967679+00', 0, 0, NULL, true);


--
-- Data for Name: alembic_version; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.alembic_version VALUES ('0004');


--
-- Data for Name: audit; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.audit VALUES (1, '2026-12-01 11:00:05.384489+00', '{"action": "wave made", "wave": "autumn-1", "form": "44f52c3604996425a677e29925cc4ad7adf49d31125198968bc79a9f1ba58274"}', '\x2bb233c9d7d5b312187f6369a02961c66e76a9416eeba2df1197895c0efe04a8');
INSERT INTO public.audit VALUES (2, '2026-12-01 11:00:05.400165+00', '{"action": "wave opened", "wave": "autumn-1", "partition": "ad75140bcb90ef7a69a9419506bc994c0e0dfa8c5b3882305fdc2b2016ae1b80"}', '\xfb50ebe77d611e617492828300c4990cbfa0666ad49144a15f1f9697111e99f7');
INSERT INTO public.audit VALUES (3, '2026-12-01 11:00:05.402399+00', '{"action": "codes issued", "wave": "autumn-1", "unit": "north", "count": "1"}', '\x9d5bfdd4e0912954089b8abd52e3fcbde90a5b44a0d55f725883d2161bfd4284');
INSERT INTO public.audit VALUES (4, '2026-12-01 11:00:05.444592+00', '{"action": "codes issued", "wave": "autumn-1", "unit": "north", "count": "1"}', '\x29f260478ffb5e72242f152babd18fee1ce01fe06fb3d173f4406d4c0ec498ad');
INSERT INTO public.audit VALUES (5, '2026-12-01 11:00:05.453161+00', '{"action": "codes issued", "wave": "autumn-1", "unit": "north", "count": "1"}', '\x6faeb41c6eae7474fc2ab971d5b1ced03049c0e8086fd91aafbb77c3891b4e46');
INSERT INTO public.audit VALUES (6, '2026-12-01 11:00:05.462668+00', '{"action": "codes issued", "wave": "autumn-1", "unit": "north", "count": "1"}', '\x17820c1c65eb9fea5886c0d8398011399f871ae7e255eb82c6c33c1bff9f21a2');
INSERT INTO public.audit VALUES (7, '2026-12-01 11:00:05.469957+00', '{"action": "codes issued", "wave": "autumn-1", "unit": "north", "count": "1"}', '\x9798510eb803a1939fc1167444f22290dee878d1d02a3db94fd1047604e3b4f5');
INSERT INTO public.audit VALUES (8, '2026-12-01 11:00:05.473731+00', '{"action": "codes issued", "wave": "autumn-1", "unit": "north", "count": "1"}', '\xe2213af7679c89b803584b41d64de327981b3b794d53884d769fa7a22d27e5e5');
INSERT INTO public.audit VALUES (9, '2026-12-01 11:00:05.483562+00', '{"action": "codes issued", "wave": "autumn-1", "unit": "north", "count": "1"}', '\x9ce8a9847adb272d4f10aaa4b2a66e57ceaeac5dcb0295cc5553164f12083768');
INSERT INTO public.audit VALUES (10, '2026-12-01 11:00:05.487473+00', '{"action": "codes issued", "wave": "autumn-1", "unit": "north", "count": "1"}', '\xf493d46242c400d5670ff7eb57f38571cdf6a27f146c74b6059524b02d37eab5');
INSERT INTO public.audit VALUES (11, '2026-12-01 11:00:05.493032+00', '{"action": "codes issued", "wave": "autumn-1", "unit": "north", "count": "1"}', '\xf2e8407e35c9ff769f9ab9e04ed7b75a35e8e079edde355f37d8efb94b2431c4');
INSERT INTO public.audit VALUES (12, '2026-12-01 11:00:05.497397+00', '{"action": "codes issued", "wave": "autumn-1", "unit": "north", "count": "1"}', '\xf5a9059601cd83adee5f777d1ddfe8d1db66b3faa67cb1006833401d58e88289');
INSERT INTO public.audit VALUES (13, '2026-12-01 11:00:05.503488+00', '{"action": "codes issued", "wave": "autumn-1", "unit": "north", "count": "1"}', '\xc7e55a410e6c6beb454ece9d86557504f3f9e3e6c35f6edef3338c597df78a01');
INSERT INTO public.audit VALUES (14, '2026-12-01 11:00:05.51183+00', '{"action": "codes issued", "wave": "autumn-1", "unit": "north", "count": "1"}', '\xa424e94f4a3e38d173d380c5aecef1a636319e0999cce18feb5d192c2f3938a8');
INSERT INTO public.audit VALUES (15, '2026-12-01 11:00:05.51473+00', '{"action": "codes issued", "wave": "autumn-1", "unit": "north", "count": "1"}', '\xf521dbbbbc4f9d51ac005f2cadd83d9f716b4afe645de56932499b8570933c13');
INSERT INTO public.audit VALUES (16, '2026-12-01 11:00:05.525846+00', '{"action": "codes issued", "wave": "autumn-1", "unit": "north", "count": "1"}', '\x6b86a6eeaae55e19238a02b8f89338e17814660b7f8add141c0efd4bea34b3f7');
INSERT INTO public.audit VALUES (17, '2026-12-01 11:00:05.528201+00', '{"action": "codes issued", "wave": "autumn-1", "unit": "north", "count": "1"}', '\x91315e7e72631f99a872af68f3ea3eea6b322ffa866bad47717e1daa9e322805');
INSERT INTO public.audit VALUES (18, '2026-12-01 11:00:05.532602+00', '{"action": "codes issued", "wave": "autumn-1", "unit": "north", "count": "1"}', '\x05727bc9885f9a1206a8a01e411026271dadc2bc337c3f2bda7f1b88cc07b612');
INSERT INTO public.audit VALUES (19, '2026-12-01 11:00:05.53681+00', '{"action": "codes issued", "wave": "autumn-1", "unit": "north", "count": "1"}', '\xcff4ad94486fb9abfeb660b9f6250696011e266254f34b2d38a814688b9450c8');
INSERT INTO public.audit VALUES (20, '2026-12-01 11:00:05.540611+00', '{"action": "codes issued", "wave": "autumn-1", "unit": "north", "count": "1"}', '\x62a20c3659cfefc86ebb00f90929ec62597ca90fb6792cab0f3aecfdcb48050d');
INSERT INTO public.audit VALUES (21, '2026-12-01 11:00:05.544401+00', '{"action": "codes issued", "wave": "autumn-1", "unit": "north", "count": "1"}', '\x975244828de3a4d027f335aeb959513414c62ac0764fc2226afdc8cea05452ec');
INSERT INTO public.audit VALUES (22, '2026-12-01 11:00:05.548686+00', '{"action": "codes issued", "wave": "autumn-1", "unit": "north", "count": "1"}', '\x6e83f6bca58b611d3dd1f76ba2299ebc1252b23b4c450f7e6ee678f9faaa3b1a');
INSERT INTO public.audit VALUES (23, '2026-12-01 11:00:05.557081+00', '{"action": "codes issued", "wave": "autumn-1", "unit": "north", "count": "1"}', '\x60be1577fb047cc7137a02cd83040869bb16c30f289e9fd5685a377157407f05');
INSERT INTO public.audit VALUES (24, '2026-12-01 11:00:05.559274+00', '{"action": "codes issued", "wave": "autumn-1", "unit": "north", "count": "1"}', '\x2b5e1abdad3499b1d6cf8f0f9875685ca20b4b3f807f7e67943366b85fb1522e');
INSERT INTO public.audit VALUES (25, '2026-12-01 11:00:05.561542+00', '{"action": "codes issued", "wave": "autumn-1", "unit": "north", "count": "1"}', '\x8b604065d5031f927d90b1403254534489508110f6f49394cde05d3f061c511d');
INSERT INTO public.audit VALUES (26, '2026-12-01 11:00:05.569274+00', '{"action": "codes issued", "wave": "autumn-1", "unit": "north", "count": "1"}', '\xd8bf39ee1e60d2f8280b075d60e56074c7a7451818e9e15cfad079236c270cc9');
INSERT INTO public.audit VALUES (27, '2026-12-01 11:00:05.574466+00', '{"action": "codes issued", "wave": "autumn-1", "unit": "north", "count": "1"}', '\x955c62ea65b6dbddbf9ff253dd22f11f12d3b381e9132dc09429c76b6cdd0918');
INSERT INTO public.audit VALUES (28, '2026-12-01 11:00:05.582244+00', '{"action": "codes issued", "wave": "autumn-1", "unit": "north", "count": "1"}', '\x5d48c1fdab9ea4cbf05ba67e145e169f1f2d89d3ecb6fc128d8e755740ec9e28');
INSERT INTO public.audit VALUES (29, '2026-12-01 11:00:05.588682+00', '{"action": "codes issued", "wave": "autumn-1", "unit": "north", "count": "1"}', '\xfae45a5537e2626912b2fb592e2704321cd81eaaaee5f96a6da5bf061ce7ac78');
INSERT INTO public.audit VALUES (30, '2026-12-01 11:00:05.590853+00', '{"action": "codes issued", "wave": "autumn-1", "unit": "north", "count": "1"}', '\x76723b40d58e6749972b6c89285595eeaa50462968370f1a8327fc17db6fb939');
INSERT INTO public.audit VALUES (31, '2026-12-01 11:00:05.593065+00', '{"action": "codes issued", "wave": "autumn-1", "unit": "north", "count": "1"}', '\x5151c06ef85f5175e09ef1987806905d691a1ef7e19cab09e8168940716a6660');
INSERT INTO public.audit VALUES (32, '2026-12-01 11:00:05.603099+00', '{"action": "codes issued", "wave": "autumn-1", "unit": "north", "count": "1"}', '\x374e574da4502ab6698b6a73d04476ec82ba35f51e04ba22ae25e53ae0d8a053');
INSERT INTO public.audit VALUES (33, '2026-12-01 11:00:05.609674+00', '{"action": "close announced", "wave": "autumn-1", "closes at": "2026-12-01T11:00:04.608562+00:00"}', '\x9ae00f62cf8c95709d9711e5c1f19c433536bc7efdfc65d3f2029492bf507f60');
INSERT INTO public.audit VALUES (34, '2026-12-01 11:00:06.780811+00', '{"action": "wave made", "wave": "winter-1", "form": "44f52c3604996425a677e29925cc4ad7adf49d31125198968bc79a9f1ba58274"}', '\xdd25b240b83720e045608e2e620ecff79e2b13ee6f927ed84ea9bf3b26e9bb18');
INSERT INTO public.audit VALUES (35, '2026-12-01 11:00:06.791774+00', '{"action": "wave opened", "wave": "winter-1", "partition": "ad75140bcb90ef7a69a9419506bc994c0e0dfa8c5b3882305fdc2b2016ae1b80"}', '\x1a681770336833681abe69cb95e285824a504bd14ed3eb6b36002857b626b012');
INSERT INTO public.audit VALUES (36, '2026-12-01 11:00:06.796107+00', '{"action": "codes issued", "wave": "winter-1", "unit": "north", "count": "1"}', '\x4a43240462d16a530fd14c152c31616b2b56dcb8c56700e110a1c8bf47786f51');
INSERT INTO public.audit VALUES (37, '2026-12-01 11:00:06.81001+00', '{"action": "codes issued", "wave": "winter-1", "unit": "north", "count": "1"}', '\x75e0fb066e17a1f4a20747c691651f0cfd092ece2095c7ebf1c5ed225c0af180');
INSERT INTO public.audit VALUES (38, '2026-12-01 11:00:06.814878+00', '{"action": "codes issued", "wave": "winter-1", "unit": "north", "count": "1"}', '\xbbf34fe2217b272fbab29f241a5b843c53988b50d7cb11139bc652228265234a');
INSERT INTO public.audit VALUES (39, '2026-12-01 11:00:06.822105+00', '{"action": "codes issued", "wave": "winter-1", "unit": "north", "count": "1"}', '\xd58d52d26f91b71ad313bb25dc6d758fb57513c95e1bed5272cd0d07e272dbaa');
INSERT INTO public.audit VALUES (40, '2026-12-01 11:00:06.832908+00', '{"action": "codes issued", "wave": "winter-1", "unit": "north", "count": "1"}', '\xdedb1bdbb02423b3fe871556d7b5074d0831a05c1b574a11a21f9aee13d5270c');
INSERT INTO public.audit VALUES (41, '2026-12-01 11:00:06.83613+00', '{"action": "codes issued", "wave": "winter-1", "unit": "north", "count": "1"}', '\x432089d95590c147ce725bb6d79fce49ff93975f821bd992cfba5478b6667f04');
INSERT INTO public.audit VALUES (42, '2026-12-01 11:00:06.841752+00', '{"action": "codes issued", "wave": "winter-1", "unit": "north", "count": "1"}', '\x5d9ea68f7a7cc02e0b691c1f0f0b001e2e97810a7c5ee4eb051b1c7707fe890d');
INSERT INTO public.audit VALUES (43, '2026-12-01 11:00:06.845208+00', '{"action": "codes issued", "wave": "winter-1", "unit": "north", "count": "1"}', '\x2cffeb628f5c9210af37de1d78b687c4dc91a184c2c02a7e31f03148689b0510');
INSERT INTO public.audit VALUES (44, '2026-12-01 11:00:06.855581+00', '{"action": "codes issued", "wave": "winter-1", "unit": "north", "count": "1"}', '\xb1f3d5c4715a2f15d6797bfc52479481b908a3a70ea5a4f04c0435cc8982c627');
INSERT INTO public.audit VALUES (45, '2026-12-01 11:00:06.862522+00', '{"action": "codes issued", "wave": "winter-1", "unit": "north", "count": "1"}', '\x32b7da72ebd5efed4abd87d1459a964312b8fcf702eff1cf1cd94088b9f59dd3');
INSERT INTO public.audit VALUES (46, '2026-12-01 11:00:06.869507+00', '{"action": "codes issued", "wave": "winter-1", "unit": "north", "count": "1"}', '\x6531258252c80f63ead0ce5a483d41e8129419e9f99c7df9f129d69ee64d4cd4');
INSERT INTO public.audit VALUES (47, '2026-12-01 11:00:06.874865+00', '{"action": "codes issued", "wave": "winter-1", "unit": "north", "count": "1"}', '\xa425199c8e4f611365c4cbff398dd688d7c1dca7edf3d5abd573c4ba45c247b3');
INSERT INTO public.audit VALUES (48, '2026-12-01 11:00:06.886239+00', '{"action": "codes issued", "wave": "winter-1", "unit": "north", "count": "5"}', '\x104abed07e76a19b90a0677baaa1befe4e9cfab677ae65db17fbc5d768b7f3c2');
INSERT INTO public.audit VALUES (49, '2026-12-01 11:00:06.973067+00', '{"action": "account made", "account": "ada"}', '\x95fec3ab20302fd4c4e5fc197cc6d3ce6dbb43cb74862384ae25b00c700d313d');
INSERT INTO public.audit VALUES (50, '2026-12-01 11:00:06.982034+00', '{"action": "role given", "account": "ada", "role": "operator", "study": "*"}', '\x7c04205d60c6e9b3a2a31dee9188d72006bee0019e7663fabffd8fa8bf98442a');


--
-- Data for Name: code; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.code VALUES ('\x2657a2e877695af7311d854a1edce3a36994638aba052aae57125653dfd61a98', 'autumn-1', 'north', 'finished');
INSERT INTO public.code VALUES ('\xc15ab5273948b3f9208b0432b29c9797008f64f0de56d309b0906c3bc8089b40', 'autumn-1', 'north', 'finished');
INSERT INTO public.code VALUES ('\x1a18cc85dba07732dfdc91dc3b3ed7c893f9c5b7babbb85165ebf7797189445c', 'autumn-1', 'north', 'finished');
INSERT INTO public.code VALUES ('\x431a83f1e42156debc087ea604e404739a9f27d17069777da929f6a7184a8f39', 'autumn-1', 'north', 'finished');
INSERT INTO public.code VALUES ('\x3b82065e4b752a55b8e64895e7424e54c960dad321de69f9a53ed44cb4f48563', 'autumn-1', 'north', 'finished');
INSERT INTO public.code VALUES ('\x204b0443cd1b24cee3a8594aa0748f27642ab71ab1d1095b4ca76e981abe44ba', 'autumn-1', 'north', 'finished');
INSERT INTO public.code VALUES ('\x3b9295b6c2f1c85bde79979e0eeda8b790d8138b61e1cd4a4a27d178f190dce2', 'autumn-1', 'north', 'finished');
INSERT INTO public.code VALUES ('\x5597f7afffd4a590bd1060d9bd348659a326070fda5e1bdd0e806ee034737622', 'autumn-1', 'north', 'finished');
INSERT INTO public.code VALUES ('\xd10a5827851832968b888ae72f22d139392ab1f7a4e3b7f688b1d0c6bbe6bcbc', 'autumn-1', 'north', 'finished');
INSERT INTO public.code VALUES ('\x5c4d0d07e22bef250662d390343b773c70d2b631083d897d8e88fc6f4f2f5206', 'autumn-1', 'north', 'finished');
INSERT INTO public.code VALUES ('\x327526c7eb9269c26e76cc767938f99939883c8d45a37ca97f60d9f02ff229cf', 'autumn-1', 'north', 'finished');
INSERT INTO public.code VALUES ('\x05f418c1f72b5bebf5627a21887f924f9c0dcf408bed75b30b6ac08e2dc9c517', 'autumn-1', 'north', 'finished');
INSERT INTO public.code VALUES ('\x35418c310caac7db873358d5a7a7c69c315d156e2b696a7834011213ce79a250', 'autumn-1', 'north', 'finished');
INSERT INTO public.code VALUES ('\x381d294d33ee44cb2066a189d4bf421475c39ca3bedc8c6f7f4728b7e22c5bb3', 'autumn-1', 'north', 'finished');
INSERT INTO public.code VALUES ('\x4fa46715df2f12f76c780f71c1ef316c101762e0fd6ff4e35de5f928fbf039a6', 'autumn-1', 'north', 'finished');
INSERT INTO public.code VALUES ('\x437a17c74719e50ceb34d3a771d67141fdf3ec189f8751c937280c55f218e739', 'autumn-1', 'north', 'finished');
INSERT INTO public.code VALUES ('\x4c374614965066876cac0cfebc730bff8f5bf8931a569a6da4f3fc6d7188ce14', 'autumn-1', 'north', 'finished');
INSERT INTO public.code VALUES ('\x1557a7a400f02629d860e1f53a6a162a648f19f147368890781ac20a7b8ed5e2', 'autumn-1', 'north', 'finished');
INSERT INTO public.code VALUES ('\x5065663b9e2f680baf59708ab827d3561741ccb22a93e7e69b799a2eba93441b', 'autumn-1', 'north', 'finished');
INSERT INTO public.code VALUES ('\xdd32fb54bbf7738c4589d58fc29b4a092d80c04009bcd047210a2b937a540581', 'autumn-1', 'north', 'finished');
INSERT INTO public.code VALUES ('\xe64080f0d82e3f0c048da224b88021f1b66d1b3eb0c6c11e1fe8c9bcedd4ec35', 'autumn-1', 'north', 'finished');
INSERT INTO public.code VALUES ('\xd3c8cc0d1abdaf47df6374635a2116b6645994ea39fa5b4c87f58e2fd84a9274', 'autumn-1', 'north', 'finished');
INSERT INTO public.code VALUES ('\x717b0f4d48e70e19b93c6f2b237d04935404e3d8053d3ce2b53c9976840c5d3a', 'autumn-1', 'north', 'finished');
INSERT INTO public.code VALUES ('\x6d3867e223a08232bf5df040aea3cbf9d5d40a14f43f5a12398e5a3437c6e113', 'autumn-1', 'north', 'finished');
INSERT INTO public.code VALUES ('\x72a9bde1fbfc393e9a61034ef560f97e4d25be0173e8199034e7f15d3964b6c9', 'autumn-1', 'north', 'finished');
INSERT INTO public.code VALUES ('\xbf01ecf78ff5a85aa0ec8feb750d93fc1f6d79cdfb22322c0d87c085b8f69076', 'autumn-1', 'north', 'finished');
INSERT INTO public.code VALUES ('\x0f1eff3904f855c85b32b2751411a735a18ee92b7f30f97325895d3cc3169dd3', 'autumn-1', 'north', 'finished');
INSERT INTO public.code VALUES ('\x44638980ff606e2315e54e0d719e25783a99cd422b99df566d106e45e643a052', 'autumn-1', 'north', 'finished');
INSERT INTO public.code VALUES ('\x27376651342034c5c711a1a20552a9b4684d67b43cc60386a399cf42df0206f7', 'autumn-1', 'north', 'finished');
INSERT INTO public.code VALUES ('\x321271314a1fc7e698f13d001bceac7f719a27f7a4b8634f67cbf1cbee61e97a', 'autumn-1', 'north', 'finished');
INSERT INTO public.code VALUES ('\x34c45754585e480f79690c441aaaaa44f1ee63f9f7827f012e6dc637a81baf1a', 'winter-1', 'north', 'finished');
INSERT INTO public.code VALUES ('\x75ac879d979765fd5db78e088ff9be97742e623b1d49e8d49c70e4f34b4e24f9', 'winter-1', 'north', 'finished');
INSERT INTO public.code VALUES ('\xaeafb3d810c83f48dbac65e1b62e55806cb595f9ebcd6f101c1f9d3fb52b0363', 'winter-1', 'north', 'finished');
INSERT INTO public.code VALUES ('\xcb4a3c138770a8b1ec2873b035dbd1c3d6e4f891ff4220cc3ac3e2bedc11f673', 'winter-1', 'north', 'finished');
INSERT INTO public.code VALUES ('\xd24114cf85a08a21e8a23206d7061ebb106c5d59c7f36250b2281b1ead845402', 'winter-1', 'north', 'finished');
INSERT INTO public.code VALUES ('\x052d8f2dd37ca58324f38cbb352f28770bcfafb729b7aa87178dc8a8bcaee420', 'winter-1', 'north', 'finished');
INSERT INTO public.code VALUES ('\x1a48fb0b4a8dbd134c29c2d079916e4ce4de400d6665d1b0a9d7b50f6b83ce7b', 'winter-1', 'north', 'finished');
INSERT INTO public.code VALUES ('\xc069019a38558064bca3d0f967954cd35f011068827c0d0c3987f51663672fb8', 'winter-1', 'north', 'finished');
INSERT INTO public.code VALUES ('\x3544aa339858552c997924d4dc2e3e0ad9d76897a524a0d38d59653a2527d0e2', 'winter-1', 'north', 'finished');
INSERT INTO public.code VALUES ('\xa32a1c6d540cbc8efc572519149ae4b5747fbaebe8c1452efda170b9f80bcac9', 'winter-1', 'north', 'finished');
INSERT INTO public.code VALUES ('\x9a46f7b43d9ffd167cabe57a9a47082bcf3be6891674e2de56b7350e6827e254', 'winter-1', 'north', 'finished');
INSERT INTO public.code VALUES ('\x5de8be8c6b1dfa72209ba929d4790ca2e9bce1207346ac6eca200c6a2190757d', 'winter-1', 'north', 'finished');
INSERT INTO public.code VALUES ('\x03f612e39f2e6577f50c9eb7561693956dd0a7bd14972e0065400fe69142a06f', 'winter-1', 'north', 'issued');
INSERT INTO public.code VALUES ('\x10d4c60c7376e6f8566f3fc10f34f8e8f099ba3ba3608a9b3ccefe1804bf3807', 'winter-1', 'north', 'issued');
INSERT INTO public.code VALUES ('\x55563ec5fffcc44db45cf7ed97a08c26a9404c3cac17ccc951aa1ab521c5437c', 'winter-1', 'north', 'issued');
INSERT INTO public.code VALUES ('\x5a2d0636e5cf2afa2e17b6894c79e6f535bb2745f7d7588913c87d04045651ce', 'winter-1', 'north', 'issued');
INSERT INTO public.code VALUES ('\x55d6961ab1300ea704bde6f73b6471cf9a3812ee189bef4a437a8316f0267cba', 'winter-1', 'north', 'started');


--
-- Data for Name: draft; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.draft VALUES ('\x55d6961ab1300ea704bde6f73b6471cf9a3812ee189bef4a437a8316f0267cba', '\xcafdba0988160c49dac6218d85f9a5381ec8a73cb1abaa788c6bae22c0448e4052e864a5f48f5ced64d5837a4a40b6ce7a25a6ec982522731285a4483a38c41b6291812e8b8029446e1afe0c29d916050a720ae6966f117ad54304c50fbac82a83221c880fcbf1b1326e5d8193f7a67b866428b234d67ae8e211ae0914401f82a2d42b295bbe26998841faad48996d7be291641755b3bb9dc9fb112eebc2d0f529094736776c4a02b9c8085db7fa2877229b8de2ebc3177b7258b1b1c78da6c88558081ac0a4361ea91ad6cd73ca1397a421ff4df6e9292368c6247128180dd2dfc5bce8d02fe0d8d95f925dd7a5973e18329d13ebb7c95128636760dc3d351d1b8872b104b1f1b8e002413cc50d741dae6598d6afaf0a8bae2d40cf03fde23aae42959c5e19c839e38986a107e9bcec14946ad8ebe4ef3a7bf69d8f431198f19db647adde5ad0844666c6166d6064989f61e5fc04252b8084205d69ae16c1417c8c7b91e26dff9da4895990f5ff4dc050cdabec95f75203cf6b508125f3c23a16c31dc9000a9d91ac0aa738a00ccff1eba29c5d16867f02e45f932a6a7171e518ff2b0ca578114f77940854fdcb8534ac38335e6979c7b32f9c8cc6cee2e80cd8c8c638f78099636134641f7f68f576ea4390f8b8cf4d4dfbcbbb6bf583104209f576929289f5eca806f7b75f87f24c1cfe6fa55648dbeb0e8b12621066255b10d65a41ab97df2740d49d88b272925424a5bd5a1018b3f76fa25d3891cc0e273668898dd658a95a1895077688f59541294d5a1f0b3a37135c1a84289e2f9a713630bdbefe08db44e7e049d73138cb120ef7402f5ac579bf2e0190bbcc864b46faa7ec81aa62d4807d9900e9e5780205f4c30689b7df92552cf3a05d1cb922a894be818435fede11029de1b2181238e3f1e3db8f27c622fdcd3dcafaaaae4c56e091df18c51109bdd157ffcb418f8310e869f7aebf16a07fa309b53df30d7f1ea8461f6edb8ad3529b0b7e89a9d4a5a2543f80af5931452fc30bd5982c56bc4e7cc7359b94498d92a753cb2245cfa19a6b2726225ba5ffe64bfe303eba326629c29e386da27d49ded5f1b0176d4a98fb102606cfc2cf9acf93274c5de2d6c53c44278f0219689382c1589056541f2bea0340826a94ac864d2a926adcdd62e4d6fc6e590479266da2bec96f20ab43fef930bbfc5655ec58ba64bc3760', '\x59be6e422dee4a8c029e17a9534cefdb525a51f90b61ae716bfe97d0abe3ecfdff8c13c3f12a7bd565163bddf3dc3d02f81bc00b063a7132a02c50ca', '\x5a03de585d8d64fc45714bdc4606641e54730d527cbf5c64b800c18a967b6c37a68575a73c69bbe0ee4590c24a289a012c284f37dc05ffc9e4ca584f', '2026-12-16');


--
-- Data for Name: grant; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public."grant" VALUES ('6d929b95-e6d9-4fa5-bdf9-67a937d5cfb9', '*', 'operator', NULL);


--
-- Data for Name: identity; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: pair; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: pair_key; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: response; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.response VALUES ('b3599ef6-aed0-4af7-bb7d-fef640fd60ec', 'autumn-1', 'north', 'en', '1b3a49615a4887204e6db76141a1c054886bbe6d3b8b2fd37c1280cd7151ded7', 'a5c92f0c66b8a61639065de4cd1e7bdce77eea2141867d85da137875427f7cce', '["study"]', 'vertical-5', '{"sd5": 4, "vi3": 0, "ag3": 4, "ec1": 1, "rr3": 4, "sd2": 0, "vi5": 4, "ag1": 1, "ec4": 3, "id1": 0, "sd4": 4, "rr2": 2, "id5": 4, "ec2": 0, "ag2": 0, "vi4": 4, "sd1": 0, "id3": 0, "ec5": 3, "rr1": 0, "vi1": 0, "ag5": 4, "sd3": 0, "rr4": 4, "id2": 2, "vi2": 0, "ec3": 1, "ag4": 3, "id4": 4, "rr5": 4, "role": "supervisor", "length": "from_3_to_12_months", "frequency": "monthly", "contact": "remote", "company": "group", "line_manager": "yes", "assessor": "unsure", "choice": "unsure", "agreement": "unsure", "setting": "charity", "profession": "other_health"}', '\x2e2aa91750514ed4e3055434ff09bb477cebc2cd01060c533e49879638aabb53', NULL, NULL);
INSERT INTO public.response VALUES ('36382994-6990-444e-b006-a2013dcb9363', 'autumn-1', 'north', 'en', '1b3a49615a4887204e6db76141a1c054886bbe6d3b8b2fd37c1280cd7151ded7', 'a5c92f0c66b8a61639065de4cd1e7bdce77eea2141867d85da137875427f7cce', '["study"]', 'vertical-5', '{"sd5": 4, "vi3": 0, "ag3": 4, "ec1": 0, "rr3": 4, "sd2": 0, "vi5": 4, "ag1": 0, "ec4": 4, "id1": 0, "sd4": 4, "rr2": 0, "id5": 4, "ec2": 0, "ag2": 1, "vi4": 4, "sd1": 0, "id3": 0, "ec5": 4, "rr1": 0, "vi1": 0, "ag5": 4, "sd3": 0, "rr4": 4, "id2": 0, "vi2": 0, "ec3": 0, "ag4": 4, "id4": 4, "rr5": 4, "role": "supervisor", "length": "under_3_months", "frequency": "monthly", "contact": "in_person", "company": "one_to_one", "line_manager": "yes", "assessor": "no", "choice": "unsure", "agreement": "yes", "setting": "public", "profession": "education"}', '\x27cc5d2d267000382bac5ebeafa439685519f466233265c2883351fc16fd6fc6', NULL, NULL);
INSERT INTO public.response VALUES ('613de8fe-e82b-4f08-8764-066dc89d87b0', 'autumn-1', 'north', 'en', '1b3a49615a4887204e6db76141a1c054886bbe6d3b8b2fd37c1280cd7151ded7', 'a5c92f0c66b8a61639065de4cd1e7bdce77eea2141867d85da137875427f7cce', '["study"]', 'vertical-5', '{"sd5": 2, "vi3": 1, "ag3": 2, "ec1": 0, "rr3": 4, "sd2": 3, "vi5": 3, "ag1": 1, "ec4": 4, "id1": 1, "sd4": 1, "rr2": 3, "id5": 4, "ec2": 1, "ag2": 2, "vi4": 2, "sd1": 2, "id3": 0, "ec5": 3, "rr1": 0, "vi1": 2, "ag5": 2, "sd3": 4, "rr4": 3, "id2": 1, "vi2": 2, "ec3": 1, "ag4": 1, "id4": 2, "rr5": 2, "role": "practice_educator", "length": "under_3_months", "frequency": "weekly", "contact": "in_person", "company": "both", "line_manager": "yes", "assessor": "unsure", "choice": "unsure", "agreement": "unsure", "setting": "university", "profession": "education"}', '\xc21603dbaa275a09112bd0d7d54582eb3811a6619067e85f2660147db5bbe917', NULL, NULL);
INSERT INTO public.response VALUES ('a771952f-43b8-4c18-9c1b-23f2e0e77c51', 'autumn-1', 'north', 'en', '1b3a49615a4887204e6db76141a1c054886bbe6d3b8b2fd37c1280cd7151ded7', 'a5c92f0c66b8a61639065de4cd1e7bdce77eea2141867d85da137875427f7cce', '["study"]', 'vertical-5', '{"sd5": 3, "vi3": 3, "ag3": 1, "ec1": 3, "rr3": 3, "sd2": 2, "vi5": 2, "ag1": 1, "ec4": 2, "id1": -88, "sd4": 1, "rr2": 1, "id5": 4, "ec2": 1, "ag2": 1, "vi4": 1, "sd1": 2, "id3": 2, "ec5": 3, "rr1": 2, "vi1": 2, "ag5": 2, "sd3": 2, "rr4": 1, "id2": 2, "vi2": 1, "ec3": 3, "ag4": 1, "id4": 2, "rr5": 3, "role": "practice_educator", "length": "from_3_to_12_months", "frequency": "fortnightly", "contact": "in_person", "company": "both", "line_manager": "no", "assessor": "yes", "choice": "no", "agreement": "yes", "setting": "university", "profession": "other_health"}', '\x9bdf3a7b8c06ecbfd8feec066f5504b8f300cb1525b77ea370ce1e9c2da33da9', NULL, NULL);
INSERT INTO public.response VALUES ('5ab32625-6d9e-4774-8760-edd9f78d2702', 'autumn-1', 'north', 'en', '1b3a49615a4887204e6db76141a1c054886bbe6d3b8b2fd37c1280cd7151ded7', 'a5c92f0c66b8a61639065de4cd1e7bdce77eea2141867d85da137875427f7cce', '["study"]', 'vertical-5', '{"sd5": 2, "vi3": 2, "ag3": 3, "ec1": 0, "rr3": 1, "sd2": 3, "vi5": 2, "ag1": 3, "ec4": 4, "id1": 3, "sd4": 2, "rr2": 2, "id5": 4, "ec2": 1, "ag2": 1, "vi4": 4, "sd1": 1, "id3": 4, "ec5": 3, "rr1": 2, "vi1": 1, "ag5": 3, "sd3": 2, "rr4": 3, "id2": 1, "vi2": 3, "ec3": 0, "ag4": 2, "id4": 2, "rr5": 3, "role": "line_manager", "length": "from_3_to_12_months", "frequency": "weekly", "contact": "remote", "company": "one_to_one", "line_manager": "no", "assessor": "no", "choice": "no", "agreement": "yes", "setting": "other", "profession": "medicine"}', '\x075b59eeb4831967c19f35b75d65da4f3773ee325820654f8545ed870b88c6f7', NULL, NULL);
INSERT INTO public.response VALUES ('0f0e380e-e2f1-45e1-a326-3a127c9a6c9d', 'autumn-1', 'north', 'en', '1b3a49615a4887204e6db76141a1c054886bbe6d3b8b2fd37c1280cd7151ded7', 'a5c92f0c66b8a61639065de4cd1e7bdce77eea2141867d85da137875427f7cce', '["study"]', 'vertical-5', '{"sd5": 0, "vi3": 4, "ag3": 0, "ec1": 4, "rr3": 2, "sd2": 4, "vi5": 0, "ag1": 4, "ec4": 0, "id1": 3, "sd4": 0, "rr2": 2, "id5": 2, "ec2": 4, "ag2": 4, "vi4": 0, "sd1": 4, "id3": 2, "ec5": 0, "rr1": 4, "vi1": 4, "ag5": 0, "sd3": 3, "rr4": 0, "id2": 4, "vi2": 4, "ec3": 4, "ag4": 1, "id4": 1, "rr5": 1, "role": "line_manager", "length": "over_12_months", "frequency": "less_often", "contact": "mixed", "company": "one_to_one", "line_manager": "yes", "assessor": "no", "choice": "no", "agreement": "no", "setting": "public", "profession": "medicine"}', '\xf78339b615e1ff14b6fe02c5347fd9661d41d050b45a78ee8459f1dde1a0e27e', NULL, NULL);
INSERT INTO public.response VALUES ('7b020b41-75dc-4c74-b834-c6aace55d958', 'autumn-1', 'north', 'en', '1b3a49615a4887204e6db76141a1c054886bbe6d3b8b2fd37c1280cd7151ded7', 'a5c92f0c66b8a61639065de4cd1e7bdce77eea2141867d85da137875427f7cce', '["study"]', 'vertical-5', '{"sd5": 1, "vi3": 2, "ag3": 3, "ec1": 2, "rr3": 3, "sd2": 3, "vi5": 1, "ag1": 0, "ec4": 1, "id1": 3, "sd4": 2, "rr2": 4, "id5": 1, "ec2": 1, "ag2": 0, "vi4": 1, "sd1": 3, "id3": 3, "ec5": 4, "rr1": 2, "vi1": 2, "ag5": 3, "sd3": 2, "rr4": 2, "id2": 2, "vi2": 3, "ec3": 2, "ag4": 4, "id4": 1, "rr5": 0, "role": "supervisor", "length": "over_12_months", "frequency": "fortnightly", "contact": "in_person", "company": "group", "line_manager": "yes", "assessor": "yes", "choice": "no", "agreement": "yes", "setting": "private", "profession": "other"}', '\x4a5a37f33bd2deae8f48f74863ee340adb40aae67376bd5b91188f485ca3ea07', NULL, NULL);
INSERT INTO public.response VALUES ('28d92f9e-9a9c-4c14-965b-956c2e052d49', 'autumn-1', 'north', 'en', '1b3a49615a4887204e6db76141a1c054886bbe6d3b8b2fd37c1280cd7151ded7', 'a5c92f0c66b8a61639065de4cd1e7bdce77eea2141867d85da137875427f7cce', '["study"]', 'vertical-5', '{"sd5": 3, "vi3": 2, "ag3": 4, "ec1": 1, "rr3": 2, "sd2": 4, "vi5": 2, "ag1": 1, "ec4": 4, "id1": 4, "sd4": 2, "rr2": 3, "id5": 1, "ec2": -77, "ag2": 4, "vi4": 1, "sd1": 1, "id3": 4, "ec5": 4, "rr1": 4, "vi1": 3, "ag5": 1, "sd3": 2, "rr4": 3, "id2": 2, "vi2": 3, "ec3": 1, "ag4": 0, "id4": 1, "rr5": 2, "role": "supervisor", "length": "over_12_months", "frequency": "monthly", "contact": "in_person", "company": "both", "line_manager": "no", "assessor": "no", "choice": "unsure", "agreement": "no", "setting": "university", "profession": "other"}', '\x2cb36fe2222088678f22fa00692bb44fce1f2f98ff0b6f01190825c5dd8f2b6c', NULL, NULL);
INSERT INTO public.response VALUES ('04efb71e-5137-4c4e-bea0-1eed0f0a8bc3', 'autumn-1', 'north', 'en', '1b3a49615a4887204e6db76141a1c054886bbe6d3b8b2fd37c1280cd7151ded7', 'a5c92f0c66b8a61639065de4cd1e7bdce77eea2141867d85da137875427f7cce', '["study"]', 'vertical-5', '{"sd5": -88, "vi3": 0, "ag3": 2, "ec1": 2, "rr3": 4, "sd2": 2, "vi5": 3, "ag1": 1, "ec4": 2, "id1": 2, "sd4": -99, "rr2": 2, "id5": 4, "ec2": 2, "ag2": 3, "vi4": 2, "sd1": 1, "id3": 4, "ec5": 3, "rr1": 1, "vi1": 2, "ag5": 3, "sd3": 2, "rr4": 4, "id2": 0, "vi2": 1, "ec3": 2, "ag4": 4, "id4": 2, "rr5": 4, "role": "practice_educator", "length": "from_3_to_12_months", "frequency": "weekly", "contact": "in_person", "company": "one_to_one", "line_manager": "no", "assessor": "unsure", "choice": "unsure", "agreement": "no", "setting": "private", "profession": "medicine"}', '\x3bc419ea64a54a2a562bcaecd2deba5f425fd1da5fc02eabfcc4ae8e380a8a58', NULL, NULL);
INSERT INTO public.response VALUES ('66d2becc-f9cc-4a84-929a-89b3744a32a8', 'autumn-1', 'north', 'en', '1b3a49615a4887204e6db76141a1c054886bbe6d3b8b2fd37c1280cd7151ded7', 'a5c92f0c66b8a61639065de4cd1e7bdce77eea2141867d85da137875427f7cce', '["study"]', 'vertical-5', '{"sd5": 4, "vi3": 4, "ag3": 1, "ec1": 4, "rr3": 0, "sd2": 2, "vi5": 0, "ag1": 4, "ec4": 0, "id1": 4, "sd4": 4, "rr2": 4, "id5": 0, "ec2": 4, "ag2": 3, "vi4": 0, "sd1": 3, "id3": 3, "ec5": 0, "rr1": 4, "vi1": 4, "ag5": 3, "sd3": 1, "rr4": 0, "id2": 4, "vi2": 3, "ec3": 4, "ag4": 3, "id4": 1, "rr5": 1, "role": "supervisor", "length": "over_12_months", "frequency": "less_often", "contact": "remote", "company": "both", "line_manager": "unsure", "assessor": "yes", "choice": "unsure", "agreement": "yes", "setting": "other", "profession": "medicine"}', '\x46493831556423dd8cd1535cfc00678d86e40b3262b433216b5c9660ac0a9dcb', NULL, NULL);
INSERT INTO public.response VALUES ('b28b2ebb-096b-4e47-92a7-ef2da987c47b', 'autumn-1', 'north', 'en', '1b3a49615a4887204e6db76141a1c054886bbe6d3b8b2fd37c1280cd7151ded7', 'a5c92f0c66b8a61639065de4cd1e7bdce77eea2141867d85da137875427f7cce', '["study"]', 'vertical-5', '{"sd5": 2, "vi3": 1, "ag3": 4, "ec1": 3, "rr3": 3, "sd2": 0, "vi5": 2, "ag1": 0, "ec4": 1, "id1": 3, "sd4": 2, "rr2": 4, "id5": 4, "ec2": 2, "ag2": 2, "vi4": 2, "sd1": 1, "id3": 3, "ec5": 0, "rr1": 3, "vi1": 2, "ag5": 3, "sd3": 3, "rr4": 0, "id2": 1, "vi2": 3, "ec3": 2, "ag4": 2, "id4": 4, "rr5": 2, "role": "practice_educator", "length": "under_3_months", "frequency": "less_often", "contact": "mixed", "company": "both", "line_manager": "yes", "assessor": "unsure", "choice": "no", "agreement": "unsure", "setting": "public", "profession": "medicine"}', '\xd9761baadb2c675877712af5d70813f1d69358530c5209445ff6e47ee84a56f2', NULL, NULL);
INSERT INTO public.response VALUES ('66adb9fb-c458-43e8-89e9-a5e0e1bb6a2a', 'autumn-1', 'north', 'en', '1b3a49615a4887204e6db76141a1c054886bbe6d3b8b2fd37c1280cd7151ded7', 'a5c92f0c66b8a61639065de4cd1e7bdce77eea2141867d85da137875427f7cce', '["study"]', 'vertical-5', '{"sd5": 3, "vi3": 2, "ag3": -99, "ec1": 1, "rr3": 3, "sd2": 0, "vi5": 4, "ag1": 2, "ec4": 1, "id1": -99, "sd4": 4, "rr2": 0, "id5": 4, "ec2": 1, "ag2": 0, "vi4": -99, "sd1": 1, "id3": 2, "ec5": 3, "rr1": 2, "vi1": -88, "ag5": 3, "sd3": 0, "rr4": 4, "id2": 0, "vi2": 1, "ec3": 2, "ag4": 2, "id4": 4, "rr5": 4, "role": "line_manager", "length": "under_3_months", "frequency": "fortnightly", "contact": "in_person", "company": "group", "line_manager": "unsure", "assessor": "yes", "choice": "unsure", "agreement": "yes", "setting": "public", "profession": "other_health"}', '\xd4b37642135075f734d32e31e367bf1f935d182f8df5d71de00545b2b4d2b98f', NULL, NULL);
INSERT INTO public.response VALUES ('ef429e2a-91ff-4cff-81c3-141cecab5f9e', 'autumn-1', 'north', 'en', '1b3a49615a4887204e6db76141a1c054886bbe6d3b8b2fd37c1280cd7151ded7', 'a5c92f0c66b8a61639065de4cd1e7bdce77eea2141867d85da137875427f7cce', '["study"]', 'vertical-5', '{"sd5": 2, "vi3": 1, "ag3": 1, "ec1": 2, "rr3": 4, "sd2": 0, "vi5": 1, "ag1": 2, "ec4": 2, "id1": 0, "sd4": 1, "rr2": 1, "id5": 3, "ec2": 3, "ag2": 2, "vi4": -99, "sd1": 3, "id3": 4, "ec5": -99, "rr1": 0, "vi1": 2, "ag5": 4, "sd3": 3, "rr4": 3, "id2": 1, "vi2": 1, "ec3": 2, "ag4": 1, "id4": 4, "rr5": 2, "role": "line_manager", "length": "over_12_months", "frequency": "fortnightly", "contact": "in_person", "company": "both", "line_manager": "no", "assessor": "yes", "choice": "unsure", "agreement": "no", "setting": "public", "profession": "psychology"}', '\x12b2c8d1e5f95942504e9cc96ad3b082e126c49dcd1c448148ee1f749c7d50f0', NULL, NULL);
INSERT INTO public.response VALUES ('3e690be7-104c-4267-81a2-c858e846b163', 'autumn-1', 'north', 'en', '1b3a49615a4887204e6db76141a1c054886bbe6d3b8b2fd37c1280cd7151ded7', 'a5c92f0c66b8a61639065de4cd1e7bdce77eea2141867d85da137875427f7cce', '["study"]', 'vertical-5', '{"sd5": 3, "vi3": 2, "ag3": 3, "ec1": 0, "rr3": 4, "sd2": 0, "vi5": 2, "ag1": 0, "ec4": 4, "id1": 1, "sd4": 4, "rr2": -88, "id5": 3, "ec2": 0, "ag2": 0, "vi4": 3, "sd1": 0, "id3": 1, "ec5": 4, "rr1": 0, "vi1": 1, "ag5": 4, "sd3": 0, "rr4": 4, "id2": 1, "vi2": 1, "ec3": 0, "ag4": 3, "id4": 3, "rr5": 4, "role": "practice_educator", "length": "over_12_months", "frequency": "fortnightly", "contact": "in_person", "company": "one_to_one", "line_manager": "no", "assessor": "yes", "choice": "yes", "agreement": "no", "setting": "public", "profession": "medicine"}', '\xef2ee504f2bfab05a6d4fb45374a8882f69d6cb2000399465037f0132ebadefd', NULL, NULL);
INSERT INTO public.response VALUES ('db638b66-55a5-4ee0-a93d-8b839132fdb6', 'autumn-1', 'north', 'en', '1b3a49615a4887204e6db76141a1c054886bbe6d3b8b2fd37c1280cd7151ded7', 'a5c92f0c66b8a61639065de4cd1e7bdce77eea2141867d85da137875427f7cce', '["study"]', 'vertical-5', '{"sd5": 4, "vi3": 0, "ag3": 2, "ec1": 0, "rr3": 4, "sd2": 0, "vi5": 4, "ag1": 2, "ec4": 4, "id1": 2, "sd4": 4, "rr2": 0, "id5": 3, "ec2": 2, "ag2": 2, "vi4": 3, "sd1": 1, "id3": 1, "ec5": 4, "rr1": 0, "vi1": 0, "ag5": 2, "sd3": 2, "rr4": 3, "id2": 1, "vi2": -99, "ec3": 0, "ag4": 3, "id4": 4, "rr5": 3, "role": "line_manager", "length": "over_12_months", "frequency": "weekly", "contact": "mixed", "company": "one_to_one", "line_manager": "no", "assessor": "yes", "choice": "unsure", "agreement": "no", "setting": "university", "profession": "other_health"}', '\xa313d29e2fb9abde47cf2e3a6a53b189f05391376eb4202f85f2a44fa8226f79', NULL, NULL);
INSERT INTO public.response VALUES ('169eea78-6789-4dc6-9f0f-09b4e52b6368', 'autumn-1', 'north', 'en', '1b3a49615a4887204e6db76141a1c054886bbe6d3b8b2fd37c1280cd7151ded7', 'a5c92f0c66b8a61639065de4cd1e7bdce77eea2141867d85da137875427f7cce', '["study"]', 'vertical-5', '{"sd5": 0, "vi3": 1, "ag3": 0, "ec1": 2, "rr3": -99, "sd2": 2, "vi5": 3, "ag1": 2, "ec4": 1, "id1": 2, "sd4": 2, "rr2": 2, "id5": 1, "ec2": 1, "ag2": 1, "vi4": 3, "sd1": 2, "id3": 3, "ec5": 2, "rr1": 1, "vi1": 1, "ag5": 2, "sd3": 0, "rr4": -99, "id2": 3, "vi2": 1, "ec3": 2, "ag4": 2, "id4": 3, "rr5": 1, "role": "practice_educator", "length": "over_12_months", "frequency": "weekly", "contact": "in_person", "company": "group", "line_manager": "no", "assessor": "no", "choice": "no", "agreement": "no", "setting": "charity", "profession": "nursing"}', '\x7cdfcc1fdc0803cd6ecee95e9f82aaa8187d605f16385910025b20f27c8dd850', NULL, NULL);
INSERT INTO public.response VALUES ('1f6b9897-f8ac-42a7-bab0-fb88db33dfa4', 'autumn-1', 'north', 'en', '1b3a49615a4887204e6db76141a1c054886bbe6d3b8b2fd37c1280cd7151ded7', 'a5c92f0c66b8a61639065de4cd1e7bdce77eea2141867d85da137875427f7cce', '["study"]', 'vertical-5', '{"sd5": 2, "vi3": 2, "ag3": 1, "ec1": 0, "rr3": 1, "sd2": 4, "vi5": 2, "ag1": 3, "ec4": 2, "id1": 3, "sd4": -77, "rr2": 1, "id5": 1, "ec2": 2, "ag2": 3, "vi4": 3, "sd1": 3, "id3": 3, "ec5": 1, "rr1": 2, "vi1": 3, "ag5": 1, "sd3": 2, "rr4": 4, "id2": 3, "vi2": 3, "ec3": 1, "ag4": 1, "id4": 0, "rr5": 3, "role": "practice_educator", "length": "from_3_to_12_months", "frequency": "monthly", "contact": "in_person", "company": "both", "line_manager": "no", "assessor": "yes", "choice": "unsure", "agreement": "unsure", "setting": "university", "profession": "other"}', '\xa9022d390c6069802a0397693e9aaa88117a9392156ce71dd5b4aa3f1485d795', NULL, NULL);
INSERT INTO public.response VALUES ('aa2d0357-c8e5-4ebc-85c3-d18f488c9046', 'autumn-1', 'north', 'en', '1b3a49615a4887204e6db76141a1c054886bbe6d3b8b2fd37c1280cd7151ded7', 'a5c92f0c66b8a61639065de4cd1e7bdce77eea2141867d85da137875427f7cce', '["study"]', 'vertical-5', '{"sd5": 3, "vi3": 1, "ag3": 3, "ec1": 1, "rr3": 3, "sd2": 2, "vi5": 3, "ag1": 4, "ec4": 2, "id1": 2, "sd4": 2, "rr2": 1, "id5": 4, "ec2": 1, "ag2": 3, "vi4": 3, "sd1": 3, "id3": 1, "ec5": 3, "rr1": 4, "vi1": 1, "ag5": 0, "sd3": 2, "rr4": 2, "id2": 1, "vi2": 1, "ec3": 3, "ag4": 0, "id4": 2, "rr5": 2, "role": "supervisor", "length": "from_3_to_12_months", "frequency": "fortnightly", "contact": "in_person", "company": "both", "line_manager": "no", "assessor": "unsure", "choice": "yes", "agreement": "unsure", "setting": "charity", "profession": "social_work"}', '\x513c97f1bedba1fb48e4913c807254a5b9b6a1c8dd6b8d6b4c4699f51bca386a', NULL, NULL);
INSERT INTO public.response VALUES ('5be0f847-e6ee-451b-9132-316ccd75f4f6', 'autumn-1', 'north', 'en', '1b3a49615a4887204e6db76141a1c054886bbe6d3b8b2fd37c1280cd7151ded7', 'a5c92f0c66b8a61639065de4cd1e7bdce77eea2141867d85da137875427f7cce', '["study"]', 'vertical-5', '{"sd5": 4, "vi3": 3, "ag3": 3, "ec1": 4, "rr3": 4, "sd2": 0, "vi5": 2, "ag1": 1, "ec4": 2, "id1": 0, "sd4": 3, "rr2": 3, "id5": 3, "ec2": 1, "ag2": 1, "vi4": 4, "sd1": 1, "id3": 1, "ec5": 1, "rr1": 0, "vi1": 1, "ag5": 2, "sd3": 0, "rr4": 4, "id2": 2, "vi2": 1, "ec3": 3, "ag4": 4, "id4": 2, "rr5": 4, "role": "line_manager", "length": "under_3_months", "frequency": "monthly", "contact": "in_person", "company": "group", "line_manager": "unsure", "assessor": "no", "choice": "unsure", "agreement": "unsure", "setting": "public", "profession": "other"}', '\x88fb76f710d024ef2daa7243cabfb0db86937dc7bcdbe8b1e4fa8b8a461c8723', NULL, NULL);
INSERT INTO public.response VALUES ('d0e531ba-b802-4a39-a71a-57849bf1083d', 'autumn-1', 'north', 'en', '1b3a49615a4887204e6db76141a1c054886bbe6d3b8b2fd37c1280cd7151ded7', 'a5c92f0c66b8a61639065de4cd1e7bdce77eea2141867d85da137875427f7cce', '["study"]', 'vertical-5', '{"sd5": 3, "vi3": 1, "ag3": 4, "ec1": 0, "rr3": 3, "sd2": 0, "vi5": 3, "ag1": 0, "ec4": 3, "id1": -99, "sd4": 3, "rr2": 0, "id5": 4, "ec2": 0, "ag2": 1, "vi4": 3, "sd1": 1, "id3": 0, "ec5": 4, "rr1": 1, "vi1": 0, "ag5": 4, "sd3": 0, "rr4": 4, "id2": 0, "vi2": 0, "ec3": 0, "ag4": 3, "id4": 4, "rr5": 4, "role": "line_manager", "length": "under_3_months", "frequency": "monthly", "contact": "remote", "company": "one_to_one", "line_manager": "no", "assessor": "yes", "choice": "yes", "agreement": "no", "setting": "university", "profession": "other_health"}', '\x98f2cf227653b1f4bdded5af4dd571ba713ea363fccf60dfa4401a385301b009', NULL, NULL);
INSERT INTO public.response VALUES ('7b2a98c1-8e12-4f52-afec-5f6aae0a794f', 'autumn-1', 'north', 'en', '1b3a49615a4887204e6db76141a1c054886bbe6d3b8b2fd37c1280cd7151ded7', 'a5c92f0c66b8a61639065de4cd1e7bdce77eea2141867d85da137875427f7cce', '["study"]', 'vertical-5', '{"sd5": 4, "vi3": 1, "ag3": 4, "ec1": 0, "rr3": 3, "sd2": -88, "vi5": 3, "ag1": 0, "ec4": 3, "id1": 0, "sd4": 2, "rr2": 2, "id5": 3, "ec2": 1, "ag2": 0, "vi4": 1, "sd1": 2, "id3": 2, "ec5": -88, "rr1": 0, "vi1": 0, "ag5": 4, "sd3": 0, "rr4": 3, "id2": 2, "vi2": 2, "ec3": 0, "ag4": 4, "id4": 2, "rr5": 4, "role": "line_manager", "length": "under_3_months", "frequency": "fortnightly", "contact": "mixed", "company": "one_to_one", "line_manager": "no", "assessor": "no", "choice": "yes", "agreement": "yes", "setting": "private", "profession": "other"}', '\xf5bf4835bfe442441411f2418a4414c9a722602938b07c24387c0df3067c6c8b', NULL, NULL);
INSERT INTO public.response VALUES ('6a9bdaaa-53d1-40f1-830a-62c0d391ba46', 'autumn-1', 'north', 'en', '1b3a49615a4887204e6db76141a1c054886bbe6d3b8b2fd37c1280cd7151ded7', 'a5c92f0c66b8a61639065de4cd1e7bdce77eea2141867d85da137875427f7cce', '["study"]', 'vertical-5', '{"sd5": 3, "vi3": 1, "ag3": 4, "ec1": 0, "rr3": 4, "sd2": 0, "vi5": 4, "ag1": 0, "ec4": 4, "id1": 1, "sd4": 4, "rr2": 0, "id5": 4, "ec2": 0, "ag2": 0, "vi4": 4, "sd1": 1, "id3": 0, "ec5": 4, "rr1": 0, "vi1": 0, "ag5": 4, "sd3": 1, "rr4": 4, "id2": 1, "vi2": 0, "ec3": 0, "ag4": 3, "id4": 3, "rr5": 4, "role": "line_manager", "length": "from_3_to_12_months", "frequency": "fortnightly", "contact": "mixed", "company": "one_to_one", "line_manager": "unsure", "assessor": "yes", "choice": "unsure", "agreement": "unsure", "setting": "private", "profession": "education"}', '\x9960e6ec6382be19bc34fa93b9893dbfe14187d580fd7826690c735c7fde00b7', NULL, NULL);
INSERT INTO public.response VALUES ('dcd9014d-2215-44e5-9ee6-2598de4946d6', 'autumn-1', 'north', 'en', '1b3a49615a4887204e6db76141a1c054886bbe6d3b8b2fd37c1280cd7151ded7', 'a5c92f0c66b8a61639065de4cd1e7bdce77eea2141867d85da137875427f7cce', '["study"]', 'vertical-5', '{"sd5": 3, "vi3": 0, "ag3": 2, "ec1": 3, "rr3": 3, "sd2": 1, "vi5": 3, "ag1": 1, "ec4": 3, "id1": 3, "sd4": 3, "rr2": 0, "id5": 2, "ec2": 2, "ag2": 1, "vi4": 2, "sd1": 1, "id3": 4, "ec5": 1, "rr1": 1, "vi1": 0, "ag5": 3, "sd3": 1, "rr4": 3, "id2": 4, "vi2": 1, "ec3": 3, "ag4": 4, "id4": 1, "rr5": 2, "role": "practice_educator", "length": "from_3_to_12_months", "frequency": "fortnightly", "contact": "remote", "company": "both", "line_manager": "no", "assessor": "no", "choice": "unsure", "agreement": "yes", "setting": "other", "profession": "psychology"}', '\x41ebdd3ad898d468614bffc6c4be2ca94d3c19182ea3a7da870b4bceccc067b4', NULL, NULL);
INSERT INTO public.response VALUES ('20fa2b49-45e1-4edf-8983-0e00a2b06d43', 'autumn-1', 'north', 'en', '1b3a49615a4887204e6db76141a1c054886bbe6d3b8b2fd37c1280cd7151ded7', 'a5c92f0c66b8a61639065de4cd1e7bdce77eea2141867d85da137875427f7cce', '["study"]', 'vertical-5', '{"sd5": 4, "vi3": 1, "ag3": 2, "ec1": 2, "rr3": 3, "sd2": 1, "vi5": 3, "ag1": 3, "ec4": 1, "id1": 2, "sd4": -77, "rr2": 2, "id5": 3, "ec2": 2, "ag2": 3, "vi4": -99, "sd1": 2, "id3": 2, "ec5": 2, "rr1": 2, "vi1": 3, "ag5": 3, "sd3": 0, "rr4": 3, "id2": 2, "vi2": 2, "ec3": 3, "ag4": 2, "id4": 3, "rr5": 1, "role": "line_manager", "length": "over_12_months", "frequency": "less_often", "contact": "remote", "company": "group", "line_manager": "unsure", "assessor": "yes", "choice": "unsure", "agreement": "unsure", "setting": "public", "profession": "social_work"}', '\xb20f99d3673bf92d24359056b7817691c64390c153fa9b5be3ce24a2bd59f65f', NULL, NULL);
INSERT INTO public.response VALUES ('411e0bdc-101c-42de-a6c2-2738803fcfe7', 'autumn-1', 'north', 'en', '1b3a49615a4887204e6db76141a1c054886bbe6d3b8b2fd37c1280cd7151ded7', 'a5c92f0c66b8a61639065de4cd1e7bdce77eea2141867d85da137875427f7cce', '["study"]', 'vertical-5', '{"sd5": 3, "vi3": 0, "ag3": 3, "ec1": 0, "rr3": 4, "sd2": 1, "vi5": 4, "ag1": 0, "ec4": 4, "id1": 0, "sd4": 4, "rr2": 1, "id5": 3, "ec2": 0, "ag2": 1, "vi4": 4, "sd1": 2, "id3": 0, "ec5": 4, "rr1": 0, "vi1": 0, "ag5": 3, "sd3": 1, "rr4": 4, "id2": 0, "vi2": 0, "ec3": 1, "ag4": 3, "id4": 4, "rr5": 3, "role": "supervisor", "length": "under_3_months", "frequency": "weekly", "contact": "mixed", "company": "group", "line_manager": "unsure", "assessor": "no", "choice": "no", "agreement": "unsure", "setting": "charity", "profession": "other_health"}', '\x8bdda70f0e9a93b34908ccee64a193f5e378f3b906807a895d30535c8c89361e', NULL, NULL);
INSERT INTO public.response VALUES ('6af953d9-7950-4811-afe7-3dbf03a7f1db', 'autumn-1', 'north', 'en', '1b3a49615a4887204e6db76141a1c054886bbe6d3b8b2fd37c1280cd7151ded7', 'a5c92f0c66b8a61639065de4cd1e7bdce77eea2141867d85da137875427f7cce', '["study"]', 'vertical-5', '{"sd5": 3, "vi3": 2, "ag3": 2, "ec1": 2, "rr3": 1, "sd2": 3, "vi5": 2, "ag1": 2, "ec4": 3, "id1": 0, "sd4": 2, "rr2": 1, "id5": 2, "ec2": 2, "ag2": 0, "vi4": 3, "sd1": 2, "id3": 1, "ec5": -77, "rr1": 2, "vi1": 0, "ag5": 4, "sd3": 1, "rr4": 3, "id2": 1, "vi2": 0, "ec3": 2, "ag4": 3, "id4": 3, "rr5": 3, "role": "supervisor", "length": "over_12_months", "frequency": "weekly", "contact": "mixed", "company": "both", "line_manager": "yes", "assessor": "unsure", "choice": "yes", "agreement": "no", "setting": "charity", "profession": "other_health"}', '\x552d04d3a4c3e82411b1e215c83c5cf66fdd53182f4256e36006903000acef02', NULL, NULL);
INSERT INTO public.response VALUES ('ab0604c1-0e2e-45ed-a2fc-1634668d0477', 'autumn-1', 'north', 'en', '1b3a49615a4887204e6db76141a1c054886bbe6d3b8b2fd37c1280cd7151ded7', 'a5c92f0c66b8a61639065de4cd1e7bdce77eea2141867d85da137875427f7cce', '["study"]', 'vertical-5', '{"sd5": 4, "vi3": 1, "ag3": 1, "ec1": 0, "rr3": 3, "sd2": 2, "vi5": 4, "ag1": 3, "ec4": 3, "id1": 1, "sd4": 3, "rr2": 1, "id5": 4, "ec2": 1, "ag2": 2, "vi4": 4, "sd1": 0, "id3": 0, "ec5": 3, "rr1": 0, "vi1": 0, "ag5": 2, "sd3": 0, "rr4": 4, "id2": 3, "vi2": 0, "ec3": 1, "ag4": 3, "id4": 3, "rr5": 4, "role": "practice_educator", "length": "over_12_months", "frequency": "monthly", "contact": "remote", "company": "group", "line_manager": "no", "assessor": "unsure", "choice": "yes", "agreement": "no", "setting": "other", "profession": "nursing"}', '\x3df46cbce163b2f6c694ca457b06aacaaa4c18b6024a40136d411bfe211b51ce', NULL, NULL);
INSERT INTO public.response VALUES ('c37091c6-5269-49a7-a23c-73545c524362', 'autumn-1', 'north', 'en', '1b3a49615a4887204e6db76141a1c054886bbe6d3b8b2fd37c1280cd7151ded7', 'a5c92f0c66b8a61639065de4cd1e7bdce77eea2141867d85da137875427f7cce', '["study"]', 'vertical-5', '{"sd5": 0, "vi3": 4, "ag3": 0, "ec1": 4, "rr3": 1, "sd2": 3, "vi5": 0, "ag1": 4, "ec4": 1, "id1": 1, "sd4": 0, "rr2": 3, "id5": 3, "ec2": 4, "ag2": 4, "vi4": 1, "sd1": 4, "id3": 1, "ec5": 0, "rr1": 4, "vi1": 4, "ag5": 0, "sd3": 4, "rr4": 1, "id2": 3, "vi2": 4, "ec3": 4, "ag4": 0, "id4": 2, "rr5": 2, "role": "line_manager", "length": "from_3_to_12_months", "frequency": "less_often", "contact": "remote", "company": "both", "line_manager": "yes", "assessor": "unsure", "choice": "unsure", "agreement": "unsure", "setting": "other", "profession": "education"}', '\xf7c6cc50665b0b3876727119682cd2e1d0cd8472e55a6ea9ebb9f32e5cb7cd44', NULL, NULL);
INSERT INTO public.response VALUES ('8d6cc098-51bc-4699-9453-dffadaa97b76', 'autumn-1', 'north', 'en', '1b3a49615a4887204e6db76141a1c054886bbe6d3b8b2fd37c1280cd7151ded7', 'a5c92f0c66b8a61639065de4cd1e7bdce77eea2141867d85da137875427f7cce', '["study"]', 'vertical-5', '{"sd5": 2, "vi3": 2, "ag3": 2, "ec1": 4, "rr3": 2, "sd2": 1, "vi5": 1, "ag1": 3, "ec4": 2, "id1": 1, "sd4": 2, "rr2": 2, "id5": 0, "ec2": 3, "ag2": 3, "vi4": 3, "sd1": 2, "id3": 2, "ec5": 2, "rr1": 1, "vi1": 4, "ag5": 2, "sd3": 1, "rr4": 2, "id2": 4, "vi2": 1, "ec3": 3, "ag4": 3, "id4": 1, "rr5": 1, "role": "practice_educator", "length": "from_3_to_12_months", "frequency": "monthly", "contact": "remote", "company": "both", "line_manager": "yes", "assessor": "unsure", "choice": "yes", "agreement": "unsure", "setting": "public", "profession": "social_work"}', '\x23a214b4152b7e9f263fe4e2a0cd4f051ad1fed306f763c76a4d3f7fc6279b25', NULL, NULL);
INSERT INTO public.response VALUES ('b2c94f32-20e5-4b2b-bd18-ee85371dbadd', 'autumn-1', 'north', 'en', '1b3a49615a4887204e6db76141a1c054886bbe6d3b8b2fd37c1280cd7151ded7', 'a5c92f0c66b8a61639065de4cd1e7bdce77eea2141867d85da137875427f7cce', '["study"]', 'vertical-5', '{"sd5": 3, "vi3": 1, "ag3": 2, "ec1": 4, "rr3": 4, "sd2": 2, "vi5": 1, "ag1": 2, "ec4": -99, "id1": 1, "sd4": 2, "rr2": 0, "id5": 4, "ec2": 2, "ag2": 0, "vi4": 2, "sd1": 1, "id3": 2, "ec5": 1, "rr1": 0, "vi1": 3, "ag5": 1, "sd3": 0, "rr4": 4, "id2": 2, "vi2": 2, "ec3": 2, "ag4": 3, "id4": 2, "rr5": 4, "role": "supervisor", "length": "from_3_to_12_months", "frequency": "less_often", "contact": "remote", "company": "one_to_one", "line_manager": "yes", "assessor": "no", "choice": "no", "agreement": "no", "setting": "other", "profession": "psychology"}', '\x9e4738e8bb88a811f343a89e1117a8141716595ccb950a42daaaf29df8fbd3d4', NULL, NULL);
INSERT INTO public.response VALUES ('cd11dd4f-f628-4377-8403-988212f597f9', 'winter-1', 'north', 'en', '1b3a49615a4887204e6db76141a1c054886bbe6d3b8b2fd37c1280cd7151ded7', 'a5c92f0c66b8a61639065de4cd1e7bdce77eea2141867d85da137875427f7cce', '["study"]', 'vertical-5', '{"sd5": 4, "vi3": 1, "ag3": 4, "ec1": 0, "rr3": 3, "sd2": -88, "vi5": 3, "ag1": 0, "ec4": 3, "id1": 0, "sd4": 2, "rr2": 2, "id5": 3, "ec2": 1, "ag2": 0, "vi4": 1, "sd1": 2, "id3": 2, "ec5": -88, "rr1": 0, "vi1": 0, "ag5": 4, "sd3": 0, "rr4": 3, "id2": 2, "vi2": 2, "ec3": 0, "ag4": 4, "id4": 2, "rr5": 4, "role": "line_manager", "length": "under_3_months", "frequency": "fortnightly", "contact": "mixed", "company": "one_to_one", "line_manager": "no", "assessor": "no", "choice": "yes", "agreement": "yes", "setting": "private", "profession": "other"}', '\x91e5a1c09c617db78a01d5605842f5003df6344b28d333d171ffcdbd93bcd622', NULL, NULL);
INSERT INTO public.response VALUES ('9312cf86-5d80-4604-8eb7-93d6a0c3f517', 'winter-1', 'north', 'en', '1b3a49615a4887204e6db76141a1c054886bbe6d3b8b2fd37c1280cd7151ded7', 'a5c92f0c66b8a61639065de4cd1e7bdce77eea2141867d85da137875427f7cce', '["study"]', 'vertical-5', '{"sd5": 4, "vi3": 4, "ag3": 1, "ec1": 4, "rr3": 0, "sd2": 2, "vi5": 0, "ag1": 4, "ec4": 0, "id1": 4, "sd4": 4, "rr2": 4, "id5": 0, "ec2": 4, "ag2": 3, "vi4": 0, "sd1": 3, "id3": 3, "ec5": 0, "rr1": 4, "vi1": 4, "ag5": 3, "sd3": 1, "rr4": 0, "id2": 4, "vi2": 3, "ec3": 4, "ag4": 3, "id4": 1, "rr5": 1, "role": "supervisor", "length": "over_12_months", "frequency": "less_often", "contact": "remote", "company": "both", "line_manager": "unsure", "assessor": "yes", "choice": "unsure", "agreement": "yes", "setting": "other", "profession": "medicine"}', '\x0852620025dbc17561e18bbaba88c3843234fbad78ee7694d5323657f6d52d1f', NULL, NULL);
INSERT INTO public.response VALUES ('8ff23f68-a289-4ac2-97de-502cbc5d61c2', 'winter-1', 'north', 'en', '1b3a49615a4887204e6db76141a1c054886bbe6d3b8b2fd37c1280cd7151ded7', 'a5c92f0c66b8a61639065de4cd1e7bdce77eea2141867d85da137875427f7cce', '["study"]', 'vertical-5', '{"sd5": 3, "vi3": 1, "ag3": 2, "ec1": 4, "rr3": 4, "sd2": 2, "vi5": 1, "ag1": 2, "ec4": -99, "id1": 1, "sd4": 2, "rr2": 0, "id5": 4, "ec2": 2, "ag2": 0, "vi4": 2, "sd1": 1, "id3": 2, "ec5": 1, "rr1": 0, "vi1": 3, "ag5": 1, "sd3": 0, "rr4": 4, "id2": 2, "vi2": 2, "ec3": 2, "ag4": 3, "id4": 2, "rr5": 4, "role": "supervisor", "length": "from_3_to_12_months", "frequency": "less_often", "contact": "remote", "company": "one_to_one", "line_manager": "yes", "assessor": "no", "choice": "no", "agreement": "no", "setting": "other", "profession": "psychology"}', '\x6cd5a5dbdbaa1268b09c92668dd5df932c76f3bb1802a3369f0222205192d8c1', NULL, NULL);
INSERT INTO public.response VALUES ('41e5ba5b-65e2-4688-9576-6c35f8ff30e0', 'winter-1', 'north', 'en', '1b3a49615a4887204e6db76141a1c054886bbe6d3b8b2fd37c1280cd7151ded7', 'a5c92f0c66b8a61639065de4cd1e7bdce77eea2141867d85da137875427f7cce', '["study"]', 'vertical-5', '{"sd5": 4, "vi3": 0, "ag3": 2, "ec1": 0, "rr3": 4, "sd2": 0, "vi5": 4, "ag1": 2, "ec4": 4, "id1": 2, "sd4": 4, "rr2": 0, "id5": 3, "ec2": 2, "ag2": 2, "vi4": 3, "sd1": 1, "id3": 1, "ec5": 4, "rr1": 0, "vi1": 0, "ag5": 2, "sd3": 2, "rr4": 3, "id2": 1, "vi2": -99, "ec3": 0, "ag4": 3, "id4": 4, "rr5": 3, "role": "line_manager", "length": "over_12_months", "frequency": "weekly", "contact": "mixed", "company": "one_to_one", "line_manager": "no", "assessor": "yes", "choice": "unsure", "agreement": "no", "setting": "university", "profession": "other_health"}', '\x09a7e7818c781fb501dff82617698aca2d62fa2972db76cc9b209d9ca4e03c20', NULL, NULL);
INSERT INTO public.response VALUES ('f97179bf-e487-42f0-824d-d47d6450e239', 'winter-1', 'north', 'en', '1b3a49615a4887204e6db76141a1c054886bbe6d3b8b2fd37c1280cd7151ded7', 'a5c92f0c66b8a61639065de4cd1e7bdce77eea2141867d85da137875427f7cce', '["study"]', 'vertical-5', '{"sd5": 3, "vi3": 2, "ag3": 4, "ec1": 1, "rr3": 2, "sd2": 4, "vi5": 2, "ag1": 1, "ec4": 4, "id1": 4, "sd4": 2, "rr2": 3, "id5": 1, "ec2": -77, "ag2": 4, "vi4": 1, "sd1": 1, "id3": 4, "ec5": 4, "rr1": 4, "vi1": 3, "ag5": 1, "sd3": 2, "rr4": 3, "id2": 2, "vi2": 3, "ec3": 1, "ag4": 0, "id4": 1, "rr5": 2, "role": "supervisor", "length": "over_12_months", "frequency": "monthly", "contact": "in_person", "company": "both", "line_manager": "no", "assessor": "no", "choice": "unsure", "agreement": "no", "setting": "university", "profession": "other"}', '\xa562da1da0d3f80134934d96924d9c43498c5d7980033ed2e67f124174102e50', NULL, NULL);
INSERT INTO public.response VALUES ('333a73b8-d3ab-4d81-91da-b2b43c48d4ff', 'winter-1', 'north', 'en', '1b3a49615a4887204e6db76141a1c054886bbe6d3b8b2fd37c1280cd7151ded7', 'a5c92f0c66b8a61639065de4cd1e7bdce77eea2141867d85da137875427f7cce', '["study"]', 'vertical-5', '{"sd5": 4, "vi3": 1, "ag3": 1, "ec1": 0, "rr3": 3, "sd2": 2, "vi5": 4, "ag1": 3, "ec4": 3, "id1": 1, "sd4": 3, "rr2": 1, "id5": 4, "ec2": 1, "ag2": 2, "vi4": 4, "sd1": 0, "id3": 0, "ec5": 3, "rr1": 0, "vi1": 0, "ag5": 2, "sd3": 0, "rr4": 4, "id2": 3, "vi2": 0, "ec3": 1, "ag4": 3, "id4": 3, "rr5": 4, "role": "practice_educator", "length": "over_12_months", "frequency": "monthly", "contact": "remote", "company": "group", "line_manager": "no", "assessor": "unsure", "choice": "yes", "agreement": "no", "setting": "other", "profession": "nursing"}', '\x9c56fab2f0b5790f90e01b6ce84f6115d678495267afb950d0d002a0cbdfbbc9', NULL, NULL);
INSERT INTO public.response VALUES ('bab400c2-5319-4b3f-afc5-ae94bafcb96c', 'winter-1', 'north', 'en', '1b3a49615a4887204e6db76141a1c054886bbe6d3b8b2fd37c1280cd7151ded7', 'a5c92f0c66b8a61639065de4cd1e7bdce77eea2141867d85da137875427f7cce', '["study"]', 'vertical-5', '{"sd5": 2, "vi3": 1, "ag3": 2, "ec1": 0, "rr3": 4, "sd2": 3, "vi5": 3, "ag1": 1, "ec4": 4, "id1": 1, "sd4": 1, "rr2": 3, "id5": 4, "ec2": 1, "ag2": 2, "vi4": 2, "sd1": 2, "id3": 0, "ec5": 3, "rr1": 0, "vi1": 2, "ag5": 2, "sd3": 4, "rr4": 3, "id2": 1, "vi2": 2, "ec3": 1, "ag4": 1, "id4": 2, "rr5": 2, "role": "practice_educator", "length": "under_3_months", "frequency": "weekly", "contact": "in_person", "company": "both", "line_manager": "yes", "assessor": "unsure", "choice": "unsure", "agreement": "unsure", "setting": "university", "profession": "education"}', '\x8715d98c1965ae8967eac77e083e8c88a38bcee2c43e2efdd487214abb78dc5e', NULL, NULL);
INSERT INTO public.response VALUES ('8e711273-3c4c-4e2d-b212-bbc959f7f754', 'winter-1', 'north', 'en', '1b3a49615a4887204e6db76141a1c054886bbe6d3b8b2fd37c1280cd7151ded7', 'a5c92f0c66b8a61639065de4cd1e7bdce77eea2141867d85da137875427f7cce', '["study"]', 'vertical-5', '{"sd5": 0, "vi3": 1, "ag3": 0, "ec1": 2, "rr3": -99, "sd2": 2, "vi5": 3, "ag1": 2, "ec4": 1, "id1": 2, "sd4": 2, "rr2": 2, "id5": 1, "ec2": 1, "ag2": 1, "vi4": 3, "sd1": 2, "id3": 3, "ec5": 2, "rr1": 1, "vi1": 1, "ag5": 2, "sd3": 0, "rr4": -99, "id2": 3, "vi2": 1, "ec3": 2, "ag4": 2, "id4": 3, "rr5": 1, "role": "practice_educator", "length": "over_12_months", "frequency": "weekly", "contact": "in_person", "company": "group", "line_manager": "no", "assessor": "no", "choice": "no", "agreement": "no", "setting": "charity", "profession": "nursing"}', '\x69a876f8a2f1f224b6cb2c2e0496f89216d545664b9e2f789af3a3f980420664', NULL, NULL);
INSERT INTO public.response VALUES ('b604a3e6-d8a9-4480-9493-6ba2b90d4c2c', 'winter-1', 'north', 'en', '1b3a49615a4887204e6db76141a1c054886bbe6d3b8b2fd37c1280cd7151ded7', 'a5c92f0c66b8a61639065de4cd1e7bdce77eea2141867d85da137875427f7cce', '["study"]', 'vertical-5', '{"sd5": 0, "vi3": 4, "ag3": 0, "ec1": 4, "rr3": 2, "sd2": 4, "vi5": 0, "ag1": 4, "ec4": 0, "id1": 3, "sd4": 0, "rr2": 2, "id5": 2, "ec2": 4, "ag2": 4, "vi4": 0, "sd1": 4, "id3": 2, "ec5": 0, "rr1": 4, "vi1": 4, "ag5": 0, "sd3": 3, "rr4": 0, "id2": 4, "vi2": 4, "ec3": 4, "ag4": 1, "id4": 1, "rr5": 1, "role": "line_manager", "length": "over_12_months", "frequency": "less_often", "contact": "mixed", "company": "one_to_one", "line_manager": "yes", "assessor": "no", "choice": "no", "agreement": "no", "setting": "public", "profession": "medicine"}', '\x9f9ec5714f588cdf7e5fb6d1ff23917b8c31b68135dd6a6fbfd74ecfb05a739a', NULL, NULL);
INSERT INTO public.response VALUES ('3330f475-53e7-460b-8013-4d49a89fe81e', 'winter-1', 'north', 'en', '1b3a49615a4887204e6db76141a1c054886bbe6d3b8b2fd37c1280cd7151ded7', 'a5c92f0c66b8a61639065de4cd1e7bdce77eea2141867d85da137875427f7cce', '["study"]', 'vertical-5', '{"sd5": 3, "vi3": 1, "ag3": 3, "ec1": 1, "rr3": 3, "sd2": 2, "vi5": 3, "ag1": 4, "ec4": 2, "id1": 2, "sd4": 2, "rr2": 1, "id5": 4, "ec2": 1, "ag2": 3, "vi4": 3, "sd1": 3, "id3": 1, "ec5": 3, "rr1": 4, "vi1": 1, "ag5": 0, "sd3": 2, "rr4": 2, "id2": 1, "vi2": 1, "ec3": 3, "ag4": 0, "id4": 2, "rr5": 2, "role": "supervisor", "length": "from_3_to_12_months", "frequency": "fortnightly", "contact": "in_person", "company": "both", "line_manager": "no", "assessor": "unsure", "choice": "yes", "agreement": "unsure", "setting": "charity", "profession": "social_work"}', '\xfd4a111fd4dde73c96fb57cb0067a7f51352ccb2f1c1bf867a92f40d598e8c41', NULL, NULL);
INSERT INTO public.response VALUES ('8d19af18-9c54-43b3-9829-4c85934e07eb', 'winter-1', 'north', 'en', '1b3a49615a4887204e6db76141a1c054886bbe6d3b8b2fd37c1280cd7151ded7', 'a5c92f0c66b8a61639065de4cd1e7bdce77eea2141867d85da137875427f7cce', '["study"]', 'vertical-5', '{"sd5": 2, "vi3": 1, "ag3": 1, "ec1": 2, "rr3": 4, "sd2": 0, "vi5": 1, "ag1": 2, "ec4": 2, "id1": 0, "sd4": 1, "rr2": 1, "id5": 3, "ec2": 3, "ag2": 2, "vi4": -99, "sd1": 3, "id3": 4, "ec5": -99, "rr1": 0, "vi1": 2, "ag5": 4, "sd3": 3, "rr4": 3, "id2": 1, "vi2": 1, "ec3": 2, "ag4": 1, "id4": 4, "rr5": 2, "role": "line_manager", "length": "over_12_months", "frequency": "fortnightly", "contact": "in_person", "company": "both", "line_manager": "no", "assessor": "yes", "choice": "unsure", "agreement": "no", "setting": "public", "profession": "psychology"}', '\x519c8bf0c7865e5fc1a907752adca95686d747f42da3a227a5725ce1b6f99c74', NULL, NULL);
INSERT INTO public.response VALUES ('18b7ec77-9153-41ae-a56b-4bd1a36f4ae0', 'winter-1', 'north', 'en', '1b3a49615a4887204e6db76141a1c054886bbe6d3b8b2fd37c1280cd7151ded7', 'a5c92f0c66b8a61639065de4cd1e7bdce77eea2141867d85da137875427f7cce', '["study"]', 'vertical-5', '{"sd5": 2, "vi3": 2, "ag3": 3, "ec1": 0, "rr3": 1, "sd2": 3, "vi5": 2, "ag1": 3, "ec4": 4, "id1": 3, "sd4": 2, "rr2": 2, "id5": 4, "ec2": 1, "ag2": 1, "vi4": 4, "sd1": 1, "id3": 4, "ec5": 3, "rr1": 2, "vi1": 1, "ag5": 3, "sd3": 2, "rr4": 3, "id2": 1, "vi2": 3, "ec3": 0, "ag4": 2, "id4": 2, "rr5": 3, "role": "line_manager", "length": "from_3_to_12_months", "frequency": "weekly", "contact": "remote", "company": "one_to_one", "line_manager": "no", "assessor": "no", "choice": "no", "agreement": "yes", "setting": "other", "profession": "medicine"}', '\x0bbdfb90b2913c2e354b69e90f24acaac0a71c98b8357741f517d612ec193911', NULL, NULL);


--
-- Data for Name: session; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.session VALUES ('\x188da5aa7b47c880edb399643bae4906abc60d038213d4a970d8beca990219f2', '\x55d6961ab1300ea704bde6f73b6471cf9a3812ee189bef4a437a8316f0267cba');


--
-- Data for Name: setting; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.setting VALUES ('secret fingerprint', '7d614dc01b827b502381a194e2b921c9fddfcd58f8adaca5a305c8c66d934ddb');


--
-- Data for Name: snapshot; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.snapshot VALUES ('autumn-1', '{"about": {"study": "autumn", "title": "Autumn (SIMULATED)", "wave": "autumn-1", "ordinal": 1, "closed_on": "2026-12-01", "simulated": true, "instrument": "ppiq", "instrument_title": "Perceived Power Imbalance Questionnaire", "form": "a", "form_hash": "44f52c3604996425a677e29925cc4ad7adf49d31125198968bc79a9f1ba58274", "key_revision": 2, "respondents": "Someone who is supervised, on placement or managed, about one supervisor, practice educator or line manager", "window": "The last 3 months, or since the two began if that is shorter", "k": 10}, "scheme": {"facets": [{"id": "ec", "title": "Evaluation and consequences", "items": [{"id": "ec1", "sentence": "This person''s opinion of me matters more for my future than agreed evidence does.", "reversed": false, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "ec2", "sentence": "To succeed here, I have to keep this person pleased.", "reversed": false, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "ec3", "sentence": "This person reminds me of their power over my future to make me agree.", "reversed": false, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "ec4", "sentence": "I knew in advance what my work would be judged on.", "reversed": true, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "ec5", "sentence": "This person explains to me the reasons for their judgements about my work.", "reversed": true, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}], "shown": true}, {"id": "vi", "title": "Voice and information", "items": [{"id": "vi1", "sentence": "Decisions that affect me are made before I am asked.", "reversed": false, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "vi2", "sentence": "This person''s view of a problem becomes the official view.", "reversed": false, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "vi3", "sentence": "Important information reaches me too late to be useful.", "reversed": false, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "vi4", "sentence": "What I know from my own work influences our decisions.", "reversed": true, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "vi5", "sentence": "I can change what we talk about in our meetings.", "reversed": true, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}], "shown": true}, {"id": "sd", "title": "Safety to disagree and disclose", "items": [{"id": "sd1", "sentence": "This person would respect me less if I said that I was struggling.", "reversed": false, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "sd2", "sentence": "It becomes tense between us when I express a different view.", "reversed": false, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "sd3", "sentence": "This person''s reaction to the same remark changes from day to day.", "reversed": false, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "sd4", "sentence": "This person listens to me when I have a different opinion.", "reversed": true, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "sd5", "sentence": "I get support in our meetings.", "reversed": true, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}], "shown": true}, {"id": "ag", "title": "Agreement on roles, limits and privacy", "items": [{"id": "ag1", "sentence": "It is difficult to know in which role this person is speaking.", "reversed": false, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "ag2", "sentence": "This person asks me for things beyond the purpose of our working relationship.", "reversed": false, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "ag3", "sentence": "It is clear to me what each of us is responsible for.", "reversed": true, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "ag4", "sentence": "I know in advance what this person will tell others about our talks.", "reversed": true, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "ag5", "sentence": "I can easily find the rules that I am expected to follow.", "reversed": true, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}], "shown": true}, {"id": "id", "title": "Identity and standing", "items": [{"id": "id1", "sentence": "What I say is valued less because of who I am.", "reversed": false, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "id2", "sentence": "With this person, I feel pressure to hide part of who I am.", "reversed": false, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "id3", "sentence": "This person assumes things about me because of groups that I belong to.", "reversed": false, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "id4", "sentence": "This person notices how their own background affects our relationship.", "reversed": true, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "id5", "sentence": "We can talk about how we differ as people.", "reversed": true, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}], "shown": true}, {"id": "rr", "title": "Routes and repair", "items": [{"id": "rr1", "sentence": "If I raised a concern elsewhere, it would soon reach this person.", "reversed": false, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "rr2", "sentence": "If our accounts differed, other people would believe this person more than me.", "reversed": false, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "rr3", "sentence": "I could talk to someone independent about this relationship.", "reversed": true, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "rr4", "sentence": "When something goes wrong between us, this person tries to repair it.", "reversed": true, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "rr5", "sentence": "A request from me to change this arrangement would be seen as fair.", "reversed": true, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}], "shown": true}], "totals": [{"id": "total", "title": "All six together", "of": ["ec", "vi", "sd", "ag", "id", "rr"]}]}, "units": [{"id": "north", "title": "North team", "level": "unit", "parent": null}], "atoms": [{"unit": "north", "n": 30, "by": "item", "sums": {"ec1": {"n": 30, "value": 49.0, "bound": "exact", "bands": [{"low": 0, "high": 1, "n": 15}, {"low": 2, "high": 2, "n": 6}, {"low": 3, "high": 4, "n": 9}]}, "ec2": {"n": 29, "value": 44.0, "bound": "exact", "bands": [{"low": 0, "high": 1, "n": 16}, {"low": 2, "high": 2, "n": 8}, {"low": 3, "high": 4, "n": 5}]}, "ec3": {"n": 30, "value": 52.0, "bound": "exact", "bands": [{"low": 0, "high": 1, "n": 13}, {"low": 2, "high": 2, "n": 8}, {"low": 3, "high": 4, "n": 9}]}, "ec4": {"n": 29, "value": 46.0, "bound": "exact", "bands": [{"low": 0, "high": 1, "n": 14}, {"low": 2, "high": 2, "n": 7}, {"low": 3, "high": 4, "n": 8}]}, "ec5": {"n": 27, "value": 42.0, "bound": "exact", "bands": [{"low": 0, "high": 1, "n": 16}, {"low": 2, "high": 2, "n": 3}, {"low": 3, "high": 4, "n": 8}]}, "vi1": {"n": 29, "value": 45.0, "bound": "exact", "bands": [{"low": 0, "high": 1, "n": 15}, {"low": 2, "high": 2, "n": 6}, {"low": 3, "high": 4, "n": 8}]}, "vi2": {"n": 29, "value": 44.0, "bound": "exact", "bands": [{"low": 0, "high": 1, "n": 17}, {"low": 2, "high": 2, "n": 4}, {"low": 3, "high": 4, "n": 8}]}, "vi3": {"n": 30, "value": 45.0, "bound": "exact", "bands": [{"low": 0, "high": 1, "n": 17}, {"low": 2, "high": 2, "n": 8}, {"low": 3, "high": 4, "n": 5}]}, "vi4": {"n": 27, "value": 41.0, "bound": "exact", "bands": [{"low": 0, "high": 1, "n": 15}, {"low": 2, "high": 2, "n": 5}, {"low": 3, "high": 4, "n": 7}]}, "vi5": {"n": 30, "value": 48.0, "bound": "exact", "bands": [{"low": 0, "high": 1, "n": 15}, {"low": 2, "high": 2, "n": 8}, {"low": 3, "high": 4, "n": 7}]}, "sd1": {"n": 30, "value": 50.0, "bound": "exact", "bands": [{"low": 0, "high": 1, "n": 15}, {"low": 2, "high": 2, "n": 8}, {"low": 3, "high": 4, "n": 7}]}, "sd2": {"n": 29, "value": 45.0, "bound": "exact", "bands": [{"low": 0, "high": 1, "n": 14}, {"low": 2, "high": 2, "n": 7}, {"low": 3, "high": 4, "n": 8}]}, "sd3": {"n": 30, "value": 39.0, "bound": "exact", "bands": [{"low": 0, "high": 1, "n": 17}, {"low": 2, "high": 2, "n": 8}, {"low": 3, "high": 4, "n": 5}]}, "sd4": {"n": 27, "value": 41.0, "bound": "exact", "bands": [{"low": 0, "high": 1, "n": 12}, {"low": 2, "high": 2, "n": 10}, {"low": 3, "high": 4, "n": 5}]}, "sd5": {"n": 29, "value": 38.0, "bound": "exact", "bands": [{"low": 0, "high": 1, "n": 19}, {"low": 2, "high": 2, "n": 6}, {"low": 3, "high": 4, "n": 4}]}, "ag1": {"n": 30, "value": 50.0, "bound": "exact", "bands": [{"low": 0, "high": 1, "n": 15}, {"low": 2, "high": 2, "n": 6}, {"low": 3, "high": 4, "n": 9}]}, "ag2": {"n": 30, "value": 48.0, "bound": "exact", "bands": [{"low": 0, "high": 1, "n": 16}, {"low": 2, "high": 2, "n": 5}, {"low": 3, "high": 4, "n": 9}]}, "ag3": {"n": 29, "value": 49.0, "bound": "exact", "bands": [{"low": 0, "high": 1, "n": 13}, {"low": 2, "high": 2, "n": 8}, {"low": 3, "high": 4, "n": 8}]}, "ag4": {"n": 30, "value": 48.0, "bound": "exact", "bands": [{"low": 0, "high": 1, "n": 17}, {"low": 2, "high": 2, "n": 5}, {"low": 3, "high": 4, "n": 8}]}, "ag5": {"n": 30, "value": 44.0, "bound": "exact", "bands": [{"low": 0, "high": 1, "n": 17}, {"low": 2, "high": 2, "n": 7}, {"low": 3, "high": 4, "n": 6}]}, "id1": {"n": 27, "value": 43.0, "bound": "exact", "bands": [{"low": 0, "high": 1, "n": 14}, {"low": 2, "high": 2, "n": 5}, {"low": 3, "high": 4, "n": 8}]}, "id2": {"n": 30, "value": 53.0, "bound": "exact", "bands": [{"low": 0, "high": 1, "n": 14}, {"low": 2, "high": 2, "n": 8}, {"low": 3, "high": 4, "n": 8}]}, "id3": {"n": 30, "value": 55.0, "bound": "exact", "bands": [{"low": 0, "high": 1, "n": 13}, {"low": 2, "high": 2, "n": 7}, {"low": 3, "high": 4, "n": 10}]}, "id4": {"n": 30, "value": 46.0, "bound": "exact", "bands": [{"low": 0, "high": 1, "n": 14}, {"low": 2, "high": 2, "n": 9}, {"low": 3, "high": 4, "n": 7}]}, "id5": {"n": 30, "value": 34.0, "bound": "exact", "bands": [{"low": 0, "high": 1, "n": 21}, {"low": 2, "high": 2, "n": 3}, {"low": 3, "high": 4, "n": 6}]}, "rr1": {"n": 30, "value": 42.0, "bound": "exact", "bands": [{"low": 0, "high": 1, "n": 17}, {"low": 2, "high": 2, "n": 7}, {"low": 3, "high": 4, "n": 6}]}, "rr2": {"n": 29, "value": 47.0, "bound": "exact", "bands": [{"low": 0, "high": 1, "n": 14}, {"low": 2, "high": 2, "n": 8}, {"low": 3, "high": 4, "n": 7}]}, "rr3": {"n": 29, "value": 32.0, "bound": "exact", "bands": [{"low": 0, "high": 1, "n": 21}, {"low": 2, "high": 2, "n": 3}, {"low": 3, "high": 4, "n": 5}]}, "rr4": {"n": 29, "value": 33.0, "bound": "exact", "bands": [{"low": 0, "high": 1, "n": 21}, {"low": 2, "high": 2, "n": 3}, {"low": 3, "high": 4, "n": 5}]}, "rr5": {"n": 30, "value": 39.0, "bound": "exact", "bands": [{"low": 0, "high": 1, "n": 17}, {"low": 2, "high": 2, "n": 7}, {"low": 3, "high": 4, "n": 6}]}}}], "used": [["autumn-1", "north"]]}', '{"about": {"study": "autumn", "title": "Autumn (SIMULATED)", "wave": "autumn-1", "ordinal": 1, "closed_on": "2026-12-01", "simulated": true, "instrument": "ppiq", "instrument_title": "Perceived Power Imbalance Questionnaire", "form": "a", "form_hash": "44f52c3604996425a677e29925cc4ad7adf49d31125198968bc79a9f1ba58274", "key_revision": 2, "respondents": "Someone who is supervised, on placement or managed, about one supervisor, practice educator or line manager", "window": "The last 3 months, or since the two began if that is shorter", "k": 10}, "scheme": {"facets": [{"id": "ec", "title": "Evaluation and consequences", "items": [{"id": "ec1", "sentence": "This person''s opinion of me matters more for my future than agreed evidence does.", "reversed": false, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "ec2", "sentence": "To succeed here, I have to keep this person pleased.", "reversed": false, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "ec3", "sentence": "This person reminds me of their power over my future to make me agree.", "reversed": false, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "ec4", "sentence": "I knew in advance what my work would be judged on.", "reversed": true, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "ec5", "sentence": "This person explains to me the reasons for their judgements about my work.", "reversed": true, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}], "shown": true}, {"id": "vi", "title": "Voice and information", "items": [{"id": "vi1", "sentence": "Decisions that affect me are made before I am asked.", "reversed": false, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "vi2", "sentence": "This person''s view of a problem becomes the official view.", "reversed": false, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "vi3", "sentence": "Important information reaches me too late to be useful.", "reversed": false, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "vi4", "sentence": "What I know from my own work influences our decisions.", "reversed": true, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "vi5", "sentence": "I can change what we talk about in our meetings.", "reversed": true, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}], "shown": true}, {"id": "sd", "title": "Safety to disagree and disclose", "items": [{"id": "sd1", "sentence": "This person would respect me less if I said that I was struggling.", "reversed": false, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "sd2", "sentence": "It becomes tense between us when I express a different view.", "reversed": false, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "sd3", "sentence": "This person''s reaction to the same remark changes from day to day.", "reversed": false, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "sd4", "sentence": "This person listens to me when I have a different opinion.", "reversed": true, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "sd5", "sentence": "I get support in our meetings.", "reversed": true, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}], "shown": true}, {"id": "ag", "title": "Agreement on roles, limits and privacy", "items": [{"id": "ag1", "sentence": "It is difficult to know in which role this person is speaking.", "reversed": false, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "ag2", "sentence": "This person asks me for things beyond the purpose of our working relationship.", "reversed": false, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "ag3", "sentence": "It is clear to me what each of us is responsible for.", "reversed": true, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "ag4", "sentence": "I know in advance what this person will tell others about our talks.", "reversed": true, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "ag5", "sentence": "I can easily find the rules that I am expected to follow.", "reversed": true, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}], "shown": true}, {"id": "id", "title": "Identity and standing", "items": [{"id": "id1", "sentence": "What I say is valued less because of who I am.", "reversed": false, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "id2", "sentence": "With this person, I feel pressure to hide part of who I am.", "reversed": false, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "id3", "sentence": "This person assumes things about me because of groups that I belong to.", "reversed": false, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "id4", "sentence": "This person notices how their own background affects our relationship.", "reversed": true, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "id5", "sentence": "We can talk about how we differ as people.", "reversed": true, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}], "shown": true}, {"id": "rr", "title": "Routes and repair", "items": [{"id": "rr1", "sentence": "If I raised a concern elsewhere, it would soon reach this person.", "reversed": false, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "rr2", "sentence": "If our accounts differed, other people would believe this person more than me.", "reversed": false, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "rr3", "sentence": "I could talk to someone independent about this relationship.", "reversed": true, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "rr4", "sentence": "When something goes wrong between us, this person tries to repair it.", "reversed": true, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}, {"id": "rr5", "sentence": "A request from me to change this arrangement would be seen as fair.", "reversed": true, "low": 0, "high": 4, "labels": ["Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true"]}], "shown": true}], "totals": [{"id": "total", "title": "All six together", "of": ["ec", "vi", "sd", "ag", "id", "rr"]}]}, "parts": [{"id": "north", "title": "North team", "level": "unit", "parent": null}], "nodes": [{"id": "north", "title": "North team", "level": "unit", "parent": null, "n": 30, "units": 1, "facets": [{"id": "ec", "figure": {"value": 40.1, "bound": "exact", "half_width": null}}, {"id": "vi", "figure": {"value": 38.4, "bound": "exact", "half_width": null}}, {"id": "sd", "figure": {"value": 36.7, "bound": "exact", "half_width": null}}, {"id": "ag", "figure": {"value": 40.1, "bound": "exact", "half_width": null}}, {"id": "id", "figure": {"value": 39.3, "bound": "exact", "half_width": null}}, {"id": "rr", "figure": {"value": 32.8, "bound": "exact", "half_width": null}}], "totals": [{"id": "total", "figure": {"value": 37.9, "bound": "exact", "half_width": null}}], "items": [{"id": "ec1", "figure": {"value": 1.6, "bound": "exact", "half_width": null}, "shares": [{"low": 0, "high": 1, "percent": 50}, {"low": 2, "high": 2, "percent": 20}, {"low": 3, "high": 4, "percent": 30}]}, {"id": "ec2", "figure": {"value": 1.5, "bound": "exact", "half_width": null}, "shares": [{"low": 0, "high": 1, "percent": 55}, {"low": 2, "high": 2, "percent": 30}, {"low": 3, "high": 4, "percent": 15}]}, {"id": "ec3", "figure": {"value": 1.7, "bound": "exact", "half_width": null}, "shares": [{"low": 0, "high": 1, "percent": 45}, {"low": 2, "high": 2, "percent": 25}, {"low": 3, "high": 4, "percent": 30}]}, {"id": "ec4", "figure": {"value": 1.6, "bound": "exact", "half_width": null}, "shares": [{"low": 0, "high": 1, "percent": 50}, {"low": 2, "high": 2, "percent": 25}, {"low": 3, "high": 4, "percent": 30}]}, {"id": "ec5", "figure": {"value": 1.6, "bound": "exact", "half_width": null}, "shares": [{"low": 0, "high": 1, "percent": 60}, {"low": 2, "high": 2, "percent": 10}, {"low": 3, "high": 4, "percent": 30}]}, {"id": "vi1", "figure": {"value": 1.6, "bound": "exact", "half_width": null}, "shares": [{"low": 0, "high": 1, "percent": 50}, {"low": 2, "high": 2, "percent": 20}, {"low": 3, "high": 4, "percent": 30}]}, {"id": "vi2", "figure": {"value": 1.5, "bound": "exact", "half_width": null}, "shares": [{"low": 0, "high": 1, "percent": 60}, {"low": 2, "high": 2, "percent": 15}, {"low": 3, "high": 4, "percent": 30}]}, {"id": "vi3", "figure": {"value": 1.5, "bound": "exact", "half_width": null}, "shares": [{"low": 0, "high": 1, "percent": 55}, {"low": 2, "high": 2, "percent": 25}, {"low": 3, "high": 4, "percent": 15}]}, {"id": "vi4", "figure": {"value": 1.5, "bound": "exact", "half_width": null}, "shares": [{"low": 0, "high": 1, "percent": 55}, {"low": 2, "high": 2, "percent": 20}, {"low": 3, "high": 4, "percent": 25}]}, {"id": "vi5", "figure": {"value": 1.6, "bound": "exact", "half_width": null}, "shares": [{"low": 0, "high": 1, "percent": 50}, {"low": 2, "high": 2, "percent": 25}, {"low": 3, "high": 4, "percent": 25}]}, {"id": "sd1", "figure": {"value": 1.7, "bound": "exact", "half_width": null}, "shares": [{"low": 0, "high": 1, "percent": 50}, {"low": 2, "high": 2, "percent": 25}, {"low": 3, "high": 4, "percent": 25}]}, {"id": "sd2", "figure": {"value": 1.6, "bound": "exact", "half_width": null}, "shares": [{"low": 0, "high": 1, "percent": 50}, {"low": 2, "high": 2, "percent": 25}, {"low": 3, "high": 4, "percent": 30}]}, {"id": "sd3", "figure": {"value": 1.3, "bound": "exact", "half_width": null}, "shares": [{"low": 0, "high": 1, "percent": 55}, {"low": 2, "high": 2, "percent": 25}, {"low": 3, "high": 4, "percent": 15}]}, {"id": "sd4", "figure": {"value": 1.5, "bound": "exact", "half_width": null}, "shares": [{"low": 0, "high": 1, "percent": 45}, {"low": 2, "high": 2, "percent": 35}, {"low": 3, "high": 4, "percent": 20}]}, {"id": "sd5", "figure": {"value": 1.3, "bound": "exact", "half_width": null}, "shares": [{"low": 0, "high": 1, "percent": 65}, {"low": 2, "high": 2, "percent": 20}, {"low": 3, "high": 4, "percent": 15}]}, {"id": "ag1", "figure": {"value": 1.7, "bound": "exact", "half_width": null}, "shares": [{"low": 0, "high": 1, "percent": 50}, {"low": 2, "high": 2, "percent": 20}, {"low": 3, "high": 4, "percent": 30}]}, {"id": "ag2", "figure": {"value": 1.6, "bound": "exact", "half_width": null}, "shares": [{"low": 0, "high": 1, "percent": 55}, {"low": 2, "high": 2, "percent": 15}, {"low": 3, "high": 4, "percent": 30}]}, {"id": "ag3", "figure": {"value": 1.7, "bound": "exact", "half_width": null}, "shares": [{"low": 0, "high": 1, "percent": 45}, {"low": 2, "high": 2, "percent": 30}, {"low": 3, "high": 4, "percent": 30}]}, {"id": "ag4", "figure": {"value": 1.6, "bound": "exact", "half_width": null}, "shares": [{"low": 0, "high": 1, "percent": 55}, {"low": 2, "high": 2, "percent": 15}, {"low": 3, "high": 4, "percent": 25}]}, {"id": "ag5", "figure": {"value": 1.5, "bound": "exact", "half_width": null}, "shares": [{"low": 0, "high": 1, "percent": 55}, {"low": 2, "high": 2, "percent": 25}, {"low": 3, "high": 4, "percent": 20}]}, {"id": "id1", "figure": {"value": 1.6, "bound": "exact", "half_width": null}, "shares": [{"low": 0, "high": 1, "percent": 50}, {"low": 2, "high": 2, "percent": 20}, {"low": 3, "high": 4, "percent": 30}]}, {"id": "id2", "figure": {"value": 1.8, "bound": "exact", "half_width": null}, "shares": [{"low": 0, "high": 1, "percent": 45}, {"low": 2, "high": 2, "percent": 25}, {"low": 3, "high": 4, "percent": 25}]}, {"id": "id3", "figure": {"value": 1.8, "bound": "exact", "half_width": null}, "shares": [{"low": 0, "high": 1, "percent": 45}, {"low": 2, "high": 2, "percent": 25}, {"low": 3, "high": 4, "percent": 35}]}, {"id": "id4", "figure": {"value": 1.5, "bound": "exact", "half_width": null}, "shares": [{"low": 0, "high": 1, "percent": 45}, {"low": 2, "high": 2, "percent": 30}, {"low": 3, "high": 4, "percent": 25}]}, {"id": "id5", "figure": {"value": 1.1, "bound": "exact", "half_width": null}, "shares": [{"low": 0, "high": 1, "percent": 70}, {"low": 2, "high": 2, "percent": 10}, {"low": 3, "high": 4, "percent": 20}]}, {"id": "rr1", "figure": {"value": 1.4, "bound": "exact", "half_width": null}, "shares": [{"low": 0, "high": 1, "percent": 55}, {"low": 2, "high": 2, "percent": 25}, {"low": 3, "high": 4, "percent": 20}]}, {"id": "rr2", "figure": {"value": 1.6, "bound": "exact", "half_width": null}, "shares": [{"low": 0, "high": 1, "percent": 50}, {"low": 2, "high": 2, "percent": 30}, {"low": 3, "high": 4, "percent": 25}]}, {"id": "rr3", "figure": {"value": 1.1, "bound": "exact", "half_width": null}, "shares": [{"low": 0, "high": 1, "percent": 70}, {"low": 2, "high": 2, "percent": 10}, {"low": 3, "high": 4, "percent": 15}]}, {"id": "rr4", "figure": {"value": 1.1, "bound": "exact", "half_width": null}, "shares": [{"low": 0, "high": 1, "percent": 70}, {"low": 2, "high": 2, "percent": 10}, {"low": 3, "high": 4, "percent": 15}]}, {"id": "rr5", "figure": {"value": 1.3, "bound": "exact", "half_width": null}, "shares": [{"low": 0, "high": 1, "percent": 55}, {"low": 2, "high": 2, "percent": 25}, {"low": 3, "high": 4, "percent": 20}]}]}]}');


--
-- Data for Name: staff_session; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: study; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.study VALUES ('autumn', 'Autumn (SIMULATED)', 'ppiq', 'a', 'ad75140bcb90ef7a69a9419506bc994c0e0dfa8c5b3882305fdc2b2016ae1b80', 10, true, NULL, NULL, NULL);
INSERT INTO public.study VALUES ('winter', 'Winter (SIMULATED)', 'ppiq', 'a', 'ad75140bcb90ef7a69a9419506bc994c0e0dfa8c5b3882305fdc2b2016ae1b80', 10, true, NULL, NULL, NULL);


--
-- Data for Name: submit_key; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.submit_key VALUES ('\x4d3f53b467c316ec6e02886c033f5d142b7a6ac730453251544982968646b3db', 'winter-1', '\x1f2021fa3e8a9963081311b74f3b0818e1bc2ecdc827e8988f087ba16cc98a95');
INSERT INTO public.submit_key VALUES ('\xaa37a4c8a085e0027ff6952cb33e7a6ac7ff12bc435b2245c750d81196908506', 'winter-1', '\x349c336a2c205fdb1ea5dad6021ac1b128c8099e960b2df9783d2aa0f32f39c4');
INSERT INTO public.submit_key VALUES ('\x68b9c25316de3b0e3a1c6708182ed5e9b1482ec967a9bf70f01f226227823785', 'winter-1', '\x34649ace5063be10b0a1a8a7e108a6ed560388757fc8653f721255ad8eabbe30');
INSERT INTO public.submit_key VALUES ('\xb95c9cce87f3d14da413610a52fbe1d9a82104b68d17f7ef12c99ec08f8be1a9', 'winter-1', '\xfe097fc5c039b9fc9720488ad4773a988df61e6049074741d4bd8f9613f5627e');
INSERT INTO public.submit_key VALUES ('\xd3c2a173eea3a6028f3c9579727d825f0f693bed75bccb778be6e47f1fa9992d', 'winter-1', '\xd00d48ed855f30107b071bcf2e578c1be6102e903a3d14b56956b5b04ac933fa');
INSERT INTO public.submit_key VALUES ('\xb16c63c2b60c1f19ff57bb6c2e04eadf33df1de2d87520abd618e4e959cad1f7', 'winter-1', '\x392229ff1dc01d8975a7fc0741803f576ce54e53b59398cd480c466a99e78901');
INSERT INTO public.submit_key VALUES ('\x429d16fe427d28813305f250c4f396aa616b573c6b42606aae43f9862b2a28ec', 'winter-1', '\xbe3b3ce08aedb5b7b6ea803730cb4361e6cdfa6084379f391b4eec47a9ab81d0');
INSERT INTO public.submit_key VALUES ('\x1b0bac07c6264c95a7b948030f0d7b6c380a3b09bbd7544312b959836358e665', 'winter-1', '\x3b35f0573e244b0853e1592f48c64ee8611218f98e0b080dd2d567a6a0a593b6');
INSERT INTO public.submit_key VALUES ('\x12bdf5fa34b6519a57bee15f1acf88847f9a152ed6e4d4f592b3f6860570e294', 'winter-1', '\x987a7190de20f3230d3d18f60fe59d85a58edb4d1afb74cd2e0f2d9c1ea9a416');
INSERT INTO public.submit_key VALUES ('\xf5bc5091a8384072559e0c73af803c43b81f7105ffc920154966a1498768f8a1', 'winter-1', '\x33c313363a3744a18c4c9dc74743987ead1bf4d254c6cbfd8da4ace60a68a6e9');
INSERT INTO public.submit_key VALUES ('\x24e4fc3b3113feab00f88b311ca44f3164fbed949d2f221884f3f42a5748667d', 'winter-1', '\x35ba56401001d53a4967a9f934ecd6b3ee04b9df60ee4d301ce723a2ccd95df7');
INSERT INTO public.submit_key VALUES ('\x35abb0e496feca447151d1e065220bcd8af72eebba2d299c62964452d5365328', 'winter-1', '\xce69a04484d09ab0fa78ea15eaa75cd1a54ea69b964157efef112e886ec6fe77');


--
-- Data for Name: token; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: unit; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.unit VALUES ('autumn', 'north', 'North team', 'unit', NULL);
INSERT INTO public.unit VALUES ('winter', 'north', 'North team', 'unit', NULL);


--
-- Data for Name: wave; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.wave VALUES ('autumn-1', 'autumn', 1, '44f52c3604996425a677e29925cc4ad7adf49d31125198968bc79a9f1ba58274', '{"en": "1b3a49615a4887204e6db76141a1c054886bbe6d3b8b2fd37c1280cd7151ded7", "ar": "e9abf34294d04e0e7f6b2060ab400e586bda982b096336f4d16565d07df9de4c", "cy": "8d035b3829a3602fade0a7231edac5e137999f56969a4e8d8b224c6649ea4334", "es": "fb66e94704584886f4a270b948cf830288109ccf08f2663c2fe7f21a6524febf"}', 5, 'closed', '2026-12-01', '2026-12-01 11:00:04.608562+00');
INSERT INTO public.wave VALUES ('winter-1', 'winter', 1, '44f52c3604996425a677e29925cc4ad7adf49d31125198968bc79a9f1ba58274', '{"en": "1b3a49615a4887204e6db76141a1c054886bbe6d3b8b2fd37c1280cd7151ded7", "ar": "e9abf34294d04e0e7f6b2060ab400e586bda982b096336f4d16565d07df9de4c", "cy": "8d035b3829a3602fade0a7231edac5e137999f56969a4e8d8b224c6649ea4334", "es": "fb66e94704584886f4a270b948cf830288109ccf08f2663c2fe7f21a6524febf"}', 5, 'open', '2026-12-01', NULL);


--
-- Name: alembic_version alembic_version_pkc; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);


--
-- Name: account pk_account; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.account
    ADD CONSTRAINT pk_account PRIMARY KEY (id);


--
-- Name: audit pk_audit; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit
    ADD CONSTRAINT pk_audit PRIMARY KEY (number);


--
-- Name: code pk_code; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.code
    ADD CONSTRAINT pk_code PRIMARY KEY (hmac);


--
-- Name: draft pk_draft; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.draft
    ADD CONSTRAINT pk_draft PRIMARY KEY (code_hmac);


--
-- Name: grant pk_grant; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public."grant"
    ADD CONSTRAINT pk_grant PRIMARY KEY (account, study, role);


--
-- Name: identity pk_identity; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.identity
    ADD CONSTRAINT pk_identity PRIMARY KEY (hmac);


--
-- Name: pair pk_pair; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.pair
    ADD CONSTRAINT pk_pair PRIMARY KEY (earlier);


--
-- Name: pair_key pk_pair_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.pair_key
    ADD CONSTRAINT pk_pair_key PRIMARY KEY (earlier);


--
-- Name: response pk_response; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.response
    ADD CONSTRAINT pk_response PRIMARY KEY (id);


--
-- Name: session pk_session; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.session
    ADD CONSTRAINT pk_session PRIMARY KEY (token_hmac);


--
-- Name: setting pk_setting; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.setting
    ADD CONSTRAINT pk_setting PRIMARY KEY (name);


--
-- Name: snapshot pk_snapshot; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.snapshot
    ADD CONSTRAINT pk_snapshot PRIMARY KEY (wave);


--
-- Name: staff_session pk_staff_session; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.staff_session
    ADD CONSTRAINT pk_staff_session PRIMARY KEY (hash);


--
-- Name: study pk_study; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.study
    ADD CONSTRAINT pk_study PRIMARY KEY (id);


--
-- Name: submit_key pk_submit_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.submit_key
    ADD CONSTRAINT pk_submit_key PRIMARY KEY (hmac);


--
-- Name: token pk_token; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.token
    ADD CONSTRAINT pk_token PRIMARY KEY (hash);


--
-- Name: unit pk_unit; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.unit
    ADD CONSTRAINT pk_unit PRIMARY KEY (study, id);


--
-- Name: wave pk_wave; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wave
    ADD CONSTRAINT pk_wave PRIMARY KEY (id);


--
-- Name: account uq_account_name; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.account
    ADD CONSTRAINT uq_account_name UNIQUE (name);


--
-- Name: identity uq_identity_account; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.identity
    ADD CONSTRAINT uq_identity_account UNIQUE (account);


--
-- Name: pair uq_pair_later; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.pair
    ADD CONSTRAINT uq_pair_later UNIQUE (later);


--
-- Name: response uq_response_receipt_hmac; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.response
    ADD CONSTRAINT uq_response_receipt_hmac UNIQUE (receipt_hmac);


--
-- Name: session uq_session_code_hmac; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.session
    ADD CONSTRAINT uq_session_code_hmac UNIQUE (code_hmac);


--
-- Name: ix_staff_session_account; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_staff_session_account ON public.staff_session USING btree (account);


--
-- Name: ix_wave_study; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_wave_study ON public.wave USING btree (study);


--
-- Name: grant fk_grant_account; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public."grant"
    ADD CONSTRAINT fk_grant_account FOREIGN KEY (account) REFERENCES public.account(id);


--
-- Name: identity fk_identity_account; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.identity
    ADD CONSTRAINT fk_identity_account FOREIGN KEY (account) REFERENCES public.account(id);


--
-- Name: pair fk_pair_earlier; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.pair
    ADD CONSTRAINT fk_pair_earlier FOREIGN KEY (earlier) REFERENCES public.wave(id);


--
-- Name: pair_key fk_pair_key_earlier; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.pair_key
    ADD CONSTRAINT fk_pair_key_earlier FOREIGN KEY (earlier) REFERENCES public.pair(earlier);


--
-- Name: snapshot fk_snapshot_wave; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.snapshot
    ADD CONSTRAINT fk_snapshot_wave FOREIGN KEY (wave) REFERENCES public.wave(id);


--
-- Name: staff_session fk_staff_session_account; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.staff_session
    ADD CONSTRAINT fk_staff_session_account FOREIGN KEY (account) REFERENCES public.account(id);


--
-- Name: token fk_token_study; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.token
    ADD CONSTRAINT fk_token_study FOREIGN KEY (study) REFERENCES public.study(id);


--
-- Name: unit fk_unit_study; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.unit
    ADD CONSTRAINT fk_unit_study FOREIGN KEY (study) REFERENCES public.study(id);


--
-- Name: wave fk_wave_study; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wave
    ADD CONSTRAINT fk_wave_study FOREIGN KEY (study) REFERENCES public.study(id);


--
-- PostgreSQL database dump complete
--


